using System.Collections.Concurrent;
using System.Net.Sockets;
using Drover.Mesos.Tests.Harness;
using Drover.Mesos.V1.Executor;
using Drover.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Mesos.Tests.Execution;

public sealed class ExecutorConnectionTests : ExecutorConnectionFixture
{
    [Fact]
    public async Task AgentAway_ThenBack_GetsTasksAndUpdatesInTheSubscription()
    {
        // Not one of the ports that the kernel gives to outgoing connections: trying it again and again, a client may connect to itself.
        var port = TestPort.Take();
        ScriptedServer? server = new(
            async x =>
            {
                Calls.Enqueue(x.Call(Call.Parser));
                await x.BeginStreamAsync();
                await x.SendAsync(Subscribed());
                await x.SendAsync(Launch("t"));
                await x.HoldAsync();
            }, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Event>(connection);
        await server.DisposeAsync();
        await NextAsync<ExecutorSignal.Disconnected>(connection);
        connection.Update(Status("t", TaskState.TaskStarting));
        connection.Update(Status("t", TaskState.TaskRunning));

        await using var again = Agent(port: port);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        var subscribe = Calls.Last(c => c.Type == Call.Types.Type.Subscribe).Subscribe;
        Assert.Equal("t", subscribe.UnacknowledgedTasks.Single().TaskId.Value);

        // An attempt that was under way when the updates came brings them afterwards.
        IEnumerable<TaskState> Delivered() => subscribe.UnacknowledgedUpdates.Select(u => u.Status.State).Concat(Updates.Select(u => u.State));
        await UntilAsync(() => Delivered().Count() == 2);
        Assert.Equal([TaskState.TaskStarting, TaskState.TaskRunning], Delivered());
    }

    [Fact]
    public async Task Closed_WhileTheStreamBreaks_ClosesQuietly()
    {
        // The two meet at a moment that no script can name: many rounds, the close a little later in each.
        for (var round = 0; round < 300; round++)
        {
            var server = Agent();
            var connection = Connect(server.Uri);
            await NextAsync<ExecutorSignal.Subscribed>(connection);
            var breaking = server.DisposeAsync();
            Thread.SpinWait(round * 100);
            await connection.DisposeAsync();
            await breaking;
        }
    }

    [Fact]
    public async Task Acknowledged_First_ForgetsTheTask()
    {
        ExchangeHolder holder = new();
        await using var server = new ScriptedServer(async x =>
        {
            var call = x.Call(Call.Parser);
            Calls.Enqueue(call);
            if (call.Type == Call.Types.Type.Update)
            {
                await x.AnswerAsync(202);
                await holder.Stream!.SendAsync(Acknowledged(call));
                holder.Stream.Break();
                await holder.Stream.EndStreamAsync();
                return;
            }

            holder.Stream = x;
            await x.BeginStreamAsync();
            await x.SendAsync(Subscribed());
            if (Calls.Count == 1)
            {
                await x.SendAsync(Launch("t"));
            }

            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Event>(connection);
        connection.Update(Status("t", TaskState.TaskRunning));
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        var second = Calls.Last(c => c.Type == Call.Types.Type.Subscribe).Subscribe;
        Assert.Empty(second.UnacknowledgedTasks);
        Assert.Empty(second.UnacknowledgedUpdates);
    }

    [Fact]
    public async Task AgentAway_LongerThanTheRecoveryTime_Ends()
    {
        var time = new FakeTimeProvider();
        var server = Agent();
        await using var connection = Connect(server.Uri, time);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        await server.DisposeAsync();
        var began = time.GetUtcNow();
        var ended = NextAsync<ExecutorSignal.Ended>(connection);
        await time.AdvanceUntilAsync(TimeSpan.FromSeconds(2), () => ended.IsCompleted);
        Assert.Equal(ExecutorEndReason.RecoveryTimeout, (await ended).Reason);
        Assert.True(time.GetUtcNow() - began >= TimeSpan.FromMinutes(15));
    }

    [Fact]
    public async Task AgentAway_WithoutCheckpoint_EndsAtOnce()
    {
        var server = Agent();
        await using var connection = Connect(server.Uri, checkpoint: false);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        await server.DisposeAsync();
        Assert.Equal(ExecutorEndReason.NotCheckpointed, (await NextAsync<ExecutorSignal.Ended>(connection)).Reason);
    }

    [Theory]
    [InlineData(400, ExecutorEndReason.Unknown)]
    [InlineData(403, ExecutorEndReason.Forbidden)]
    public async Task Subscribe_Refused_Ends(int status, ExecutorEndReason reason)
    {
        await using var server = new ScriptedServer(x => x.AnswerAsync(status, "Executor cannot be found"));
        await using var connection = Connect(server.Uri);
        Assert.Equal(reason, (await NextAsync<ExecutorSignal.Ended>(connection)).Reason);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Subscribe_AgentStarting_IsTriedAgain()
    {
        var attempts = 0;
        await using var server = new ScriptedServer(async x =>
        {
            if (++attempts < 4)
            {
                await x.AnswerAsync(attempts == 1 ? 404 : 503);
                return;
            }

            await x.BeginStreamAsync();
            await x.SendAsync(Subscribed());
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
    }

    [Fact]
    public async Task Shutdown_AsTheOnlyEvent_IsToldToTheExecutor()
    {
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync();
            await x.SendAsync(new Event { Type = Event.Types.Type.Shutdown });
            await x.EndStreamAsync();
        });
        await using var connection = Connect(server.Uri);
        Assert.Equal(Event.Types.Type.Shutdown, (await NextAsync<ExecutorSignal.Event>(connection)).Message.Type);
    }

    [Fact]
    public async Task Token_Given_IsInEveryRequest()
    {
        var tokens = new ConcurrentBag<string?>();
        await using var server = Agent(acknowledge: true, seen: x => tokens.Add(x.Headers.GetValueOrDefault("Authorization")));
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        connection.Update(Status("t", TaskState.TaskRunning));
        Assert.True(await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Equal(2, tokens.Count);
        Assert.All(tokens, t => Assert.Equal("Bearer jwt", t));
    }

    [Fact]
    public async Task DomainSocket_Given_IsUsedAndTcpOtherwise()
    {
        var path = Path.Combine(Path.GetTempPath(), $"drover-{Guid.NewGuid():N}.sock");
        await using var tcp = Agent();
        await using (var local = new ScriptedServer(Handler(), new UnixDomainSocketEndPoint(path)))
        {
            await using var connection = Connect(tcp.Uri, domainSocket: path);
            await NextAsync<ExecutorSignal.Subscribed>(connection);
            Assert.Equal((1, 0), (local.Connections, tcp.Connections));
        }

        await using var without = Connect(tcp.Uri, domainSocket: path);
        await NextAsync<ExecutorSignal.Subscribed>(without);
        Assert.Equal(1, tcp.Connections);
        File.Delete(path);
    }
}
