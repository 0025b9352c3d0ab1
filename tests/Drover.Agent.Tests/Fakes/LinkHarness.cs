using Drover.Agent.Guest;
using Drover.Agent.Session;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;
using Drover.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Agent.Tests.Fakes;

/// <summary>An agent's link with a registered key, a guest whose facts the test sets, and fake time.</summary>
internal sealed class LinkHarness : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly SocketsHttpHandler _handler = new();

    private LinkHarness(FakeCattle server, AgentState state)
    {
        Server = server;
        State = state;
        Identity = Identities.For(server.RegistrationUrl);
        Guest = new ChangingGuest(new SimulatedGuest(Time, new Random(1)));
        Link = new AgentLink(_handler, Guest, Time);
    }

    public FakeCattle Server { get; }

    public AgentState State { get; }

    public GuestIdentity Identity { get; }

    public FakeTimeProvider Time { get; } = new();

    public ChangingGuest Guest { get; }

    public AgentLink Link { get; }

    public static async Task<LinkHarness> StartAsync(CancellationToken cancellationToken)
    {
        var server = await FakeCattle.StartAsync();
        using var folder = new TestFolder();
        using var http = new HttpClient();
        var store = new AgentStateStore(folder.Path, new AgentLog(TextWriter.Null));
        var outcome = await new Registration(http, store, TimeProvider.System).RegisterAsync(Identities.For(server.RegistrationUrl), cancellationToken);
        return new LinkHarness(server, ((RegistrationOutcome.Registered)outcome).State);
    }

    /// <summary>Opens the link from both ends.</summary>
    public async Task<(LinkOutcome.Up Agent, FakeLink Server)> OpenAsync(CancellationToken cancellationToken)
    {
        var opening = Link.OpenAsync(State, Identity, cancellationToken);
        var link = await Server.LinkAsync(cancellationToken);
        await link.GreetAsync(cancellationToken);
        return (Assert.IsType<LinkOutcome.Up>(await opening), link);
    }

    /// <summary>Lets the agent hear something now, so that it does not take the server for silent, and waits until it has.</summary>
    public async Task SpeakAsync(LinkOutcome.Up agent, FakeLink link, CancellationToken cancellationToken)
    {
        await link.SendAsync(new LinkMessage { Type = LinkMessage.Pong }, cancellationToken);
        for (var began = TimeProvider.System.GetTimestamp(); agent.Connection.HeardAt != Time.GetTimestamp();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "The agent has not heard anything.");
            await Task.Delay(TimeSpan.FromMilliseconds(2), cancellationToken);
        }
    }

    /// <summary>Moves time on in small steps until the task ends: what it waits for may arm its timers only after real input.</summary>
    /// <remarks>How much time has passed by then says nothing: on a busy computer many steps go by before a message is there.</remarks>
    public async Task AdvanceUntilAsync(Task task)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !task.IsCompleted;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "Not done after a minute.");
            Time.Advance(TimeSpan.FromSeconds(1));
            await Rest.OfAllAsync(TestContext.Current.CancellationToken);
        }

        await task;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _handler.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A simulated guest with a Docker version and an inspection that tests change.</summary>
internal sealed class ChangingGuest(IGuest inner) : IGuest
{
    public string? DockerVersion { get; set; } = "20.10";

    public Task<IReadOnlyList<string>> TakeIdentityAsync(GuestIdentity identity, CancellationToken cancellationToken) => inner.TakeIdentityAsync(identity, cancellationToken);

    public Task<IReadOnlyList<string>> TakeCardsAsync(IReadOnlyList<GuestCard> cards, CancellationToken cancellationToken) => inner.TakeCardsAsync(cards, cancellationToken);

    public Task<string> WaitForDockerAsync(Func<string, Task> waiting, CancellationToken cancellationToken) => inner.WaitForDockerAsync(waiting, cancellationToken);

    public bool HasDockersWord => inner.HasDockersWord;

    public Task KeepAskingDockerAsync(CancellationToken cancellationToken) => inner.KeepAskingDockerAsync(cancellationToken);

    public Task<string?> GrowDiskAsync(CancellationToken cancellationToken) => inner.GrowDiskAsync(cancellationToken);

    public Task<string?> PrepareAsync(Func<string, Task> waiting, CancellationToken cancellationToken) => inner.PrepareAsync(waiting, cancellationToken);

    public Task<IReadOnlyList<string>> TakeSeedAsync(GuestSeed seed, CancellationToken cancellationToken) => inner.TakeSeedAsync(seed, cancellationToken);

    public Func<CancellationToken, Task<IReadOnlyDictionary<string, string>>>? Inspecting { get; init; }

    public Task<IReadOnlyDictionary<string, string>> InspectAsync(string? container, CancellationToken cancellationToken) =>
        Inspecting?.Invoke(cancellationToken) ?? inner.InspectAsync(container, cancellationToken);

    public Task<GuestConnection> ConnectAsync(StreamTarget target, CancellationToken cancellationToken) => inner.ConnectAsync(target, cancellationToken);

    public async Task<HostFacts> FactsAsync(GuestIdentity identity, CancellationToken cancellationToken) =>
        await inner.FactsAsync(identity, cancellationToken) with { DockerVersion = DockerVersion };

    public Task<HostLoad> LoadAsync(CancellationToken cancellationToken) => inner.LoadAsync(cancellationToken);
}
