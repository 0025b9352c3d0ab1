using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Drover.Bench.Crowd;

/// <summary>What a server with many hosts and containers takes, and how its page of containers feels. The hosts are agents of this process, the server and its wires are real.</summary>
internal sealed class CrowdBenchmark(int hosts, int perHost) : IAsyncDisposable
{
    private const string Roles = "server,web";
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    /// <summary>For the next host.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    private readonly Instance _instance = new();
    private CrowdDocker? _docker;
    private CrowdAgents? _agents;

    public async Task<IReadOnlyList<Figure>> RunAsync(CancellationToken cancellationToken)
    {
        var server = _instance.Start(Roles, "--listen", _instance.Url.Authority);
        await _instance.ReadyAsync(cancellationToken);
        var figures = new List<Figure> { new($"{Roles}: resident, without hosts", "MB", [Instance.ResidentMegabytes(server.Id)]) };

        _docker = await CrowdDocker.StartAsync(Path.Combine(_instance.Data, "crowd"), hosts, perHost, cancellationToken);
        _agents = new CrowdAgents(_docker);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var handling = HandleAsync(over.Token);
        figures.Add(new($"{hosts} hosts with {hosts * perHost} containers: until all are seen", "s", [await FillAsync(handling, cancellationToken)]));
        figures.Add(new($"{Roles}: resident, {hosts} hosts with {hosts * perHost} containers", "MB", await WatchAsync(server, TimeSpan.FromSeconds(30), cancellationToken)));

        figures.AddRange(await ContainersPage.MeasureAsync(_instance, hosts * perHost, Toggle, cancellationToken));
        figures.Add(new($"{Roles}: resident, after the page", "MB", await WatchAsync(server, TimeSpan.FromSeconds(15), cancellationToken)));
        await over.CancelAsync();
        await handling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return figures;
    }

    public async ValueTask DisposeAsync()
    {
        if (_agents is not null)
        {
            await _agents.DisposeAsync();
        }

        if (_docker is not null)
        {
            await _docker.DisposeAsync();
        }

        await _instance.DisposeAsync();
    }

    private void Toggle() => _docker!.Toggle(Random.Shared.Next(hosts), Random.Shared.Next(perHost));

    private async Task HandleAsync(CancellationToken cancellationToken)
    {
        var handler = new CrowdHandler(_instance.Service(), _agents!);
        await handler.RegisterAsync(cancellationToken);
        await handler.RunAsync(() => { }, cancellationToken);
    }

    /// <summary>Asks for the hosts and waits until the server shows all their containers.</summary>
    private async Task<double> FillAsync(Task handling, CancellationToken cancellationToken)
    {
        var client = _instance.Client();
        var clock = Stopwatch.StartNew();
        for (var host = 0; host < hosts; host++)
        {
            await client.CreateAsync("machines", new JsonObject { ["name"] = $"crowd-{host}", ["mesosConfig"] = new JsonObject() }, cancellationToken);
        }

        using var timer = new PeriodicTimer(s_pace);
        var (listed, moved) = (0, clock.Elapsed);
        while (_docker!.Listed < hosts || (await client.ListAsync("containers", cancellationToken)).Count < hosts * perHost)
        {
            if (_docker.Listed > listed)
            {
                (listed, moved) = (_docker.Listed, clock.Elapsed);
            }
            else if (clock.Elapsed - moved > s_patience)
            {
                var machine = (await client.ListAsync("machines", cancellationToken)).FirstOrDefault(m => m.State != "active");
                throw new InvalidOperationException($"{listed} of {hosts} hosts are there, and no more come: {machine?.Name} is {machine?.State}: {machine?.TransitioningMessage}");
            }

            if (handling.IsCompleted)
            {
                await handling;
            }

            _instance.MustLive();
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>Loads go on meanwhile: a sample each second.</summary>
    private static async Task<IReadOnlyList<double>> WatchAsync(Process server, TimeSpan time, CancellationToken cancellationToken)
    {
        var samples = new List<double>();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (samples.Count < time.TotalSeconds && await timer.WaitForNextTickAsync(cancellationToken))
        {
            samples.Add(Instance.ResidentMegabytes(server.Id));
        }

        return samples;
    }
}
