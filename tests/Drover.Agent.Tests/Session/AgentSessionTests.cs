using System.Globalization;
using Drover.Agent.Channel;
using Drover.Agent.Guest;
using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Tests.Session;

/// <summary>The whole agent but for the guest, between a fake executor on a unix socket and a fake server.</summary>
public sealed class AgentSessionTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly StringWriter _log = new(CultureInfo.InvariantCulture);
    private readonly List<AgentProcess> _processes = [];
    private FakeCattle _server = null!;
    private FakeExecutor _executor = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeCattle.StartAsync();
        _executor = new FakeExecutor(_folder.File("agent.sock")) { Identity = Identities.For(_server.RegistrationUrl) };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await _executor.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
        await _log.DisposeAsync();
    }

    [Fact]
    public async Task Agent_FromHello_ReportsStagesRegistersAndIsReady()
    {
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        var hello = await _executor.NextAsync(GuestMessage.Hello, Cancel);
        Assert.Equal((GuestMessage.CurrentProtocol, AgentVersion.Text), (hello.Protocol, hello.Version));
        Assert.Equal(MachineStage.Docker, (await _executor.NextAsync(GuestMessage.Stage, Cancel)).StageName);
        Assert.Equal(MachineStage.Register, (await _executor.NextAsync(GuestMessage.Stage, Cancel)).StageName);
        using var link = await _server.LinkAsync(Cancel);
        await link.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.Equal(SessionState.Linked, agent.Session.State);
        Assert.Equal(ExitCode.Stopped, await agent.StopAsync());
    }

    [Fact]
    public async Task Agent_ServerThatRegistersByTheLink_NeedsNoOtherRequest()
    {
        _server.LinksRegister = true;
        using var agent = Start();
        using var link = await ReadyAsync();
        Assert.Equal(["GET /v1/agentlink"], _server.Requests);
        Assert.Single(_server.Keys);
        link.Cut();
        using var second = await _server.LinkAsync(Cancel);
        await second.GreetAsync(Cancel);
        Assert.StartsWith("ACCESS", second.User, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_LinkBrokenBeforeItsWelcome_RegistersWithTheSameKey()
    {
        _server.LinksRegister = true;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Stage, Cancel);
        string key;
        using (var first = await _server.LinkAsync(Cancel))
        {
            key = (await first.NextAsync(LinkMessage.Hello, Cancel))!.Key!;
            first.KeysFor!(key);
            first.Cut();
        }

        using var second = await _server.LinkAsync(Cancel);
        await second.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.Equal([key], _server.Keys);
    }

    [Fact]
    public async Task Agent_NotAnswered_SaysHelloAgain()
    {
        _executor.Identity = null;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
        await _executor.SendTextAsync("garbage\n{}\n{\"type\":\"identity\"}\n", Cancel);
        Assert.Equal(MachineStage.Boot, (await _executor.NextAsync(GuestMessage.Failure, Cancel)).StageName);
        await _executor.HangUpAsync();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
    }

    [Fact]
    public async Task Agent_ExecutorOfAnotherProtocol_SaysFailure()
    {
        _executor.Identity = null;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
        await _executor.SendAsync(new GuestMessage { Type = GuestMessage.Identity, Protocol = 9, Guest = Identities.For(_server.RegistrationUrl) }, Cancel);
        Assert.Contains("protocol 9", (await _executor.NextAsync(GuestMessage.Failure, Cancel)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_IdentityWithTheLeastInIt_IsEnough()
    {
        _executor.Identity = null;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
        await _executor.SendTextAsync($$$"""{"type":"identity","guest":{"machineUuid":"u-9","hostname":"web-9","registrationUrl":"{{{_server.RegistrationUrl}}}"}}""" + "\n", Cancel);
        using var link = await _server.LinkAsync(Cancel);
        var facts = await link.GreetAsync(Cancel);
        Assert.Equal(("u-9", "web-9"), (facts.Uuid, facts.Hostname));
        Assert.Empty(facts.Labels);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
    }

    [Fact]
    public async Task Agent_TokenRefused_SaysFailureAndTriesAgain()
    {
        _server.TokenRefused = true;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        var failure = await _executor.NextAsync(GuestMessage.Failure, Cancel);
        Assert.Equal(MachineStage.Register, failure.StageName);
        Assert.Contains("refuses the registration", failure.Message, StringComparison.Ordinal);
        _server.TokenRefused = false;
        using var link = await _server.LinkAsync(Cancel);
        await link.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
    }

    [Fact]
    public async Task Agent_LinkLost_ComesBackWithTheSameKeys()
    {
        using var agent = Start();
        var first = await ReadyAsync();
        first.Cut();
        using var second = await _server.LinkAsync(Cancel);
        await second.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        await second.CloseAsync(1012, Cancel);
        using var third = await _server.LinkAsync(Cancel);
        Assert.Equal(first.User, third.User);
        Assert.Equal(1, _server.Requests.Count(r => r == "POST /v1/register"));
    }

    [Fact]
    public async Task Agent_KeysRefusedAfterTheyWorked_KeepsTryingAndSaysNoFailure()
    {
        using var agent = Start();
        var link = await ReadyAsync();
        _server.KeysRefused = true;
        link.Cut();
        await AwaitAsync(() => _server.Requests.Count(r => r == "GET /v1/agentlink") >= 3);
        _server.KeysRefused = false;
        using var again = await _server.LinkAsync(Cancel);
        await again.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.Equal(1, _server.Requests.Count(r => r == "POST /v1/register"));
    }

    [Fact]
    public async Task Agent_KeysRefusedBeforeTheyWorked_RegistersAgain()
    {
        _server.KeysRefused = true;
        using var agent = Start();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Stage, Cancel);
        await AwaitAsync(() => _server.Requests.Count(r => r == "POST /v1/register") >= 2);
        _server.KeysRefused = false;
        using var link = await _server.LinkAsync(Cancel);
        await link.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.Single(_server.Keys);
    }

    [Fact]
    public async Task Agent_HostRemoved_EndsForGood()
    {
        using var agent = Start();
        var link = await ReadyAsync();
        await link.CloseAsync(LinkMessage.CloseGone, Cancel);
        Assert.Equal(ExitCode.Gone, await agent.EndAsync());
    }

    [Fact]
    public async Task Agent_Restarted_LinksWithItsStoredKeys()
    {
        string user;
        using (var first = Start())
        {
            user = (await ReadyAsync()).User;
            await first.StopAsync();
        }

        _server.TokenRefused = true; // used up
        using var second = Start();
        using var link = await ReadyAsync();
        Assert.Equal(user, link.User);
    }

    [Fact]
    public async Task Agent_ExecutorBackAfterAnAbsence_HearsThatTheGuestIsReady()
    {
        using var agent = Start();
        using var link = await ReadyAsync();
        await _executor.HangUpAsync();
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Hello, Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.Equal(SessionState.Linked, agent.Session.State); // the same identity again disturbs nothing
    }

    [Fact]
    public async Task Agent_OfACopiedMachine_RegistersAsItself()
    {
        using var agent = Start();
        using var link = await ReadyAsync();
        await using var other = await FakeCattle.StartAsync();
        _executor.Identity = Identities.For(other.RegistrationUrl, "u-2");
        await _executor.SendAsync(new GuestMessage { Type = GuestMessage.Identity, Guest = _executor.Identity }, Cancel);
        using var own = await other.LinkAsync(Cancel);
        Assert.Equal("u-2", (await own.GreetAsync(Cancel)).Uuid);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        Assert.NotEqual(_server.Keys.Single(), other.Keys.Single());
        Assert.Null(await link.NextAsync("none", Cancel)); // the old link is closed
    }

    private async Task<FakeLink> ReadyAsync()
    {
        await _executor.AcceptAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Stage, Cancel);
        var link = await _server.LinkAsync(Cancel);
        await link.GreetAsync(Cancel);
        await _executor.NextAsync(GuestMessage.Ready, Cancel);
        return link;
    }

    private static async Task AwaitAsync(Func<bool> condition)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !condition();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "The expected state did not come within a minute.");
            await Task.Delay(10, Cancel);
        }
    }

    private AgentProcess Start()
    {
        var process = new AgentProcess(_folder, _log);
        _processes.Add(process);
        return process;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The object graph of the program with <c>--simulated</c>.</summary>
    private sealed class AgentProcess : IDisposable, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SocketsHttpHandler _handler = new();
        private readonly Task<int> _run;

        public AgentProcess(TestFolder folder, TextWriter writer)
        {
            var time = TimeProvider.System;
            var log = new AgentLog(writer);
            var store = new AgentStateStore(folder.File("state"), log);
            store.Prepare();
            var guest = new SimulatedGuest(time, new Random(1));
            var http = new HttpClient(_handler, disposeHandler: false);
            var channel = new GuestChannel(new SocketPort(folder.File("agent.sock"), time), time, log);
            Session = new AgentSession(guest, channel, store, new Registration(http, store, time), new AgentLink(_handler, guest, time), time, log);
            _run = Session.RunAsync(_stop.Token);
        }

        public AgentSession Session { get; }

        public async Task<int> StopAsync()
        {
            await _stop.CancelAsync();
            return await _run;
        }

        public Task<int> EndAsync() => _run.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        public void Dispose() => _stop.Cancel();

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            Session.Dispose();
            _handler.Dispose();
            _stop.Dispose();
        }
    }
}
