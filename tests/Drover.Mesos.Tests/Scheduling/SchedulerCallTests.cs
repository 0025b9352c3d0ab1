using System.Collections.Concurrent;
using Drover.Mesos.Tests.Harness;
using Drover.Mesos.V1.Scheduler;

namespace Drover.Mesos.Tests.Scheduling;

public sealed class SchedulerCallTests : SchedulerConnectionFixture
{
    [Fact]
    public async Task Calls_Many_FollowEachOtherOnOneConnectionApartFromTheStream()
    {
        var calls = new ConcurrentQueue<(int Connection, string Stream, string Task)>();
        await using var server = new ScriptedServer(async x =>
        {
            var call = x.Call(Call.Parser);
            if (call.Type == Call.Types.Type.Subscribe)
            {
                await x.BeginStreamAsync(StreamId);
                await x.SendAsync(Subscribed());
                await x.HoldAsync();
                return;
            }

            calls.Enqueue((x.Connection, x.Headers["Mesos-Stream-Id"], call.Kill.TaskId.Value));
            await x.AnswerAsync(202);
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        var sent = Enumerable.Range(0, 50).Select(i => connection.SendAsync(Kill($"t{i}"), Token)).ToList();
        Assert.All(await Task.WhenAll(sent), Assert.True);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"t{i}"), calls.Select(c => c.Task));
        Assert.All(calls, c => Assert.Equal((2, "s-1"), (c.Connection, c.Stream)));
    }

    [Theory]
    [InlineData(400, "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID 'f'")]
    [InlineData(400, "Framework cannot be found")]
    [InlineData(403, "Framework is not subscribed")]
    [InlineData(307, "")]
    public async Task Call_RefusedForTheSession_SubscribesAgain(int status, string reason)
    {
        var subscriptions = 0;
        await using var server = new ScriptedServer(async x =>
        {
            if (x.Call(Call.Parser).Type == Call.Types.Type.Subscribe)
            {
                subscriptions++;
                await x.BeginStreamAsync(StreamId);
                await x.SendAsync(Subscribed());
                await x.HoldAsync();
                return;
            }

            await x.AnswerAsync(status, reason);
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.False(await connection.SendAsync(Kill("t"), Token));
        Assert.True((await NextAsync<SchedulerSignal.Disconnected>(connection)).WasSubscribed);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal(2, subscriptions);
    }

    [Fact]
    public async Task Call_MalformedForTheMaster_ThrowsAndTheSessionGoesOn()
    {
        await using var server = new ScriptedServer(async x =>
        {
            var call = x.Call(Call.Parser);
            if (call.Type == Call.Types.Type.Subscribe)
            {
                await x.BeginStreamAsync(StreamId);
                await x.SendAsync(Subscribed());
                await x.HoldAsync();
            }
            else
            {
                await x.AnswerAsync(call.Kill.TaskId.Value == "bad" ? 400 : 202, "Failed to validate scheduler::Call: no");
            }
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        await Assert.ThrowsAsync<MesosException>(() => connection.SendAsync(Kill("bad"), Token));
        Assert.True(await connection.SendAsync(Kill("good"), Token));
    }

    [Fact]
    public async Task Call_WithoutTypeOrFields_IsNeverSent()
    {
        var calls = 0;
        await using var server = new ScriptedServer(async x =>
        {
            calls++;
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri);
        Assert.False(await connection.SendAsync(Kill("early"), Token));
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        await Assert.ThrowsAsync<ArgumentException>(() => connection.SendAsync(new Call(), Token));
        await Assert.ThrowsAsync<ArgumentException>(() => connection.SendAsync(new Call { Type = Call.Types.Type.Kill, Kill = new() }, Token));
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task FailedOver_CallRefusedBeforeTheErrorIsRead_StepsDownAllTheSame()
    {
        Exchange? stream = null;
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async x =>
        {
            if (x.Call(Call.Parser).Type == Call.Types.Type.Subscribe)
            {
                stream = x;
                await x.BeginStreamAsync(StreamId);
                await x.SendAsync(Subscribed());
                await x.HoldAsync();
                return;
            }

            await x.AnswerAsync(400, "The stream ID 's-1' included in this request didn't match the stream ID currently associated with framework ID 'f-1'");
            await refused.Task.WaitAsync(Token);
            await stream!.SendAsync(new Event { Type = Event.Types.Type.Error, Error = new() { Message = "Framework failed over" } });
            await stream.EndStreamAsync();
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.False(await connection.SendAsync(Kill("t"), Token));
        refused.SetResult();
        Assert.Equal(SchedulerStopReason.FailedOver, (await NextAsync<SchedulerSignal.Stopped>(connection)).Reason);
        Assert.Equal(2, server.Connections);
    }
}
