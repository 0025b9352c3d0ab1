using System.Collections.Concurrent;
using Drover.Mesos.Tests.Harness;
using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Mesos.Tests.Scheduling;

public sealed class SchedulerConnectionTests : SchedulerConnectionFixture
{
    [Fact]
    public async Task Subscribe_Request_IsExactlyWhatMesosTakes()
    {
        Exchange? seen = null;
        await using var server = new ScriptedServer(async x =>
        {
            seen = x;
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri, authorization: MesosAuthorizations.Basic("p", "s"));
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal("POST /api/v1/scheduler HTTP/1.1", seen!.Line);
        Assert.Equal("application/x-protobuf", seen.Headers["Content-Type"]);
        Assert.Equal("application/x-protobuf", seen.Headers["Accept"]);
        Assert.Equal("Basic cDpz", seen.Headers["Authorization"]);
        Assert.False(seen.Headers.ContainsKey("Mesos-Stream-Id"));
        Assert.False(seen.Headers.ContainsKey("Expect"));
        Assert.Equal(Call.Types.Type.Subscribe, seen.Call(Call.Parser).Type);
    }

    [Fact]
    public async Task Redirect_SchemeRelative_GoesToTheLeaderAtOnce()
    {
        await using var leader = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.HoldAsync();
        });
        await using var other = new ScriptedServer(x => x.AnswerAsync(307, "", $"Location: //{leader.Uri.Authority}/api/v1/scheduler\r\n"));
        await using var connection = Connect(other.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal(1, leader.Connections);
    }

    [Fact]
    public async Task Redirects_InACircle_AreLeftAfterAFew()
    {
        var asked = 0;
        ScriptedServer second = null!;
        await using var first = new ScriptedServer(x => Interlocked.Increment(ref asked) > 0 ? x.AnswerAsync(307, "", $"Location: //{second.Uri.Authority}/api/v1/scheduler\r\n") : Task.CompletedTask);
        second = new ScriptedServer(x => Interlocked.Increment(ref asked) > 0 ? x.AnswerAsync(307, "", $"Location: //{first.Uri.Authority}/api/v1/scheduler\r\n") : Task.CompletedTask);
        await using var dispose = second;
        await using var connection = Connect(first.Uri);
        await NextAsync<SchedulerSignal.Disconnected>(connection);

        // And no upper bound: it may be trying again already.
        Assert.True(asked >= 5, $"{asked} requests");
    }

    [Fact]
    public async Task Master_StartingOrGone_IsTriedUntilItIsThere()
    {
        var answers = 0;
        await using var server = new ScriptedServer(async x =>
        {
            switch (++answers)
            {
                case 1:
                    await x.AnswerAsync(404);
                    break;
                case 2:
                    await x.AnswerAsync(503, "No leader elected");
                    break;
                case 3:
                    x.Break();
                    break;
                default:
                    await x.BeginStreamAsync(StreamId);
                    await x.SendAsync(Subscribed());
                    await x.HoldAsync();
                    break;
            }
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal(4, answers);
    }

    [Fact]
    public async Task Refused_ErrorAndEnd_StopsForAnIdThatIsDead()
    {
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(new Event { Type = Event.Types.Type.Error, Error = new() { Message = "Framework has been removed" } });
            await x.EndStreamAsync();
        });
        await using var connection = Connect(server.Uri);
        var stopped = await NextAsync<SchedulerSignal.Stopped>(connection);
        Assert.Equal(SchedulerStopReason.FrameworkRemoved, stopped.Reason);
        await connection.Signals.Completion;
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task FailedOver_Error_StepsDown()
    {
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.SendAsync(new Event { Type = Event.Types.Type.Error, Error = new() { Message = "Framework failed over" } });
            await x.EndStreamAsync();
        });
        await using var connection = Connect(server.Uri);
        Assert.Equal(SchedulerStopReason.FailedOver, (await NextAsync<SchedulerSignal.Stopped>(connection)).Reason);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task OtherError_Refused_IsTriedAgain()
    {
        var attempts = 0;
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(++attempts < 3 ? new Event { Type = Event.Types.Type.Error, Error = new() { Message = "Role 'x' is invalid" } } : Subscribed());
            if (attempts < 3)
            {
                await x.EndStreamAsync();
            }
            else
            {
                await x.HoldAsync();
            }
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal(3, attempts);
    }

    [Fact]
    public async Task Heartbeats_FiveMissing_EndTheSession()
    {
        var time = new FakeTimeProvider();
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.SendAsync(new Event { Type = Event.Types.Type.Heartbeat });
            await x.SendAsync(new Event { Type = Event.Types.Type.Rescind, Rescind = new() { OfferId = new OfferID { Value = "o" } } });
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri, time);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        await NextAsync<SchedulerSignal.Event>(connection);

        var silentSince = time.GetUtcNow();
        var disconnected = NextAsync<SchedulerSignal.Disconnected>(connection);
        await time.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => disconnected.IsCompleted);
        Assert.Contains("75 s", (await disconnected).Reason, StringComparison.Ordinal);
        Assert.True(time.GetUtcNow() - silentSince >= TimeSpan.FromSeconds(75));
    }

    [Fact]
    public async Task Unauthorized_Once_RenewsTheToken()
    {
        var tokens = new ConcurrentQueue<string>();
        await using var server = new ScriptedServer(async x =>
        {
            tokens.Enqueue(x.Headers["Authorization"]);
            if (tokens.Count == 1)
            {
                await x.AnswerAsync(401);
                return;
            }

            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri, authorization: (refused, _) =>
            ValueTask.FromResult<System.Net.Http.Headers.AuthenticationHeaderValue?>(new("token", refused ? "new" : "old")));
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal(["token old", "token new"], tokens);
    }

    [Fact]
    public async Task Events_UnknownType_AreIgnored()
    {
        await using var server = new ScriptedServer(async x =>
        {
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            await x.SendAsync(new Event());
            await x.SendAsync(new Event { Type = Event.Types.Type.Rescind, Rescind = new() { OfferId = new OfferID { Value = "o" } } });
            await x.HoldAsync();
        });
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal("o", Assert.IsType<SchedulerSignal.Event>(await connection.Signals.ReadAsync(Token)).Message.Rescind.OfferId.Value);
    }

    [Fact]
    public async Task Stream_BrokenInsideARecord_SubscribesAgainWithTheId()
    {
        var ids = new ConcurrentQueue<string?>();
        await using var server = new ScriptedServer(async x =>
        {
            var call = x.Call(Call.Parser);
            ids.Enqueue(call.FrameworkId?.Value);
            await x.BeginStreamAsync(StreamId);
            await x.SendAsync(Subscribed());
            if (ids.Count == 1)
            {
                await x.SendRawAsync("100\nabc"u8.ToArray());
                x.Break();
                return;
            }

            await x.HoldAsync();
        });
        // The scheduler does not come to note its id before the stream breaks: a subscription without it would make another framework.
        await using var connection = Connect(server.Uri);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        await NextAsync<SchedulerSignal.Subscribed>(connection);
        Assert.Equal([null, "f-1"], ids);
    }
}
