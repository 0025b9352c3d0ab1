using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.LocalMesos;
using Drover.Mesos;
using Drover.Scheduler;
using Drover.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Testing;

/// <summary>The whole road in one process: server, scheduler, LocalMesos, executors and guest agents, on their real wires and stores, with
/// simulated machines. Each part can be killed and started again on what it had stored.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly TestClusterOptions _options;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Dictionary<Part, IAsyncDisposable> _parts = [];
    private readonly InProcessLauncher _launcher;
    private readonly Uri _server = new($"http://127.0.0.1:{TestPort.Take()}");
    private readonly Uri _artifacts = new($"http://127.0.0.1:{TestPort.Take()}");
    private Uri _master = new("http://127.0.0.1:1");

    private TestCluster(TestClusterOptions options, string data)
    {
        _options = options;
        Data = data;
        _launcher = new InProcessLauncher(RunExecutorAsync);
        foreach (var part in Enum.GetValues<Part>())
        {
            Switches[part] = new KillSwitch();
        }
    }

    public string Data { get; }

    /// <summary>Where the server answers.</summary>
    public Uri Server => _server;

    /// <summary>The switch of each part's present incarnation.</summary>
    public Dictionary<Part, KillSwitch> Switches { get; } = [];

    /// <summary>Executors that live.</summary>
    public int Executors => _launcher.Count;

    private ILoggerFactory Logging => _options.Logging ?? NullLoggerFactory.Instance;

    public static async Task<TestCluster> StartAsync(TestClusterOptions options, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("drover-cluster-").FullName;
        var cluster = new TestCluster(options, data);
        if (options.ServerTemplate is { } template)
        {
            Copy(template, data);
        }

        var programs = Directory.CreateDirectory(Path.Combine(data, "programs")).FullName;
        foreach (var program in (string[])["drover-executor", "drover-agent"])
        {
            // Never run: executors live in this process. The fetcher wants something to fetch.
            await File.WriteAllTextAsync(Path.Combine(programs, program), program, cancellationToken);
        }

        foreach (var part in (Part[])[Part.Server, Part.Master, Part.Agent, Part.Scheduler])
        {
            await cluster.StartAsync(part, cancellationToken);
        }

        return cluster;
    }

    /// <summary>A client of the default environment with the admin's key.</summary>
    public CattleClient Client()
    {
        var keys = Keys("admin");
        return new CattleClient(_http, new Uri(_server, $"/v2-beta/projects/{(string)keys["projectId"]!}"), CattleClient.Basic((string)keys["accessKey"]!, (string)keys["secretKey"]!));
    }

    /// <summary>A client of the admin, outside any environment.</summary>
    public CattleClient Admin()
    {
        var keys = Keys("admin");
        return new CattleClient(_http, new Uri(_server, "/v1"), CattleClient.Basic((string)keys["accessKey"]!, (string)keys["secretKey"]!));
    }

    /// <summary>Ends a part without letting it store anything more, and starts its next incarnation on what is stored.</summary>
    public async Task RestartAsync(Part part, CancellationToken cancellationToken)
    {
        Switches[part].Bury();
        try
        {
            await _parts[part].DisposeAsync();
        }
        catch (Exception)
        {
            // What a killed part still tried to store has failed, as it should.
        }

        Switches[part] = new KillSwitch();
        await StartAsync(part, cancellationToken);
    }

    /// <summary>Stops the server and copies what it has stored, with its keys.</summary>
    public async Task CopyServerAsync(string target, CancellationToken cancellationToken)
    {
        await _parts[Part.Server].DisposeAsync();
        Copy(Path.Combine(Data, "server"), Path.Combine(target, "server"));
        Copy(Path.Combine(Data, "keys"), Path.Combine(target, "keys"));
        await StartAsync(Part.Server, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await EndExecutorsAsync();
        foreach (var part in (Part[])[Part.Scheduler, Part.Agent, Part.Master, Part.Server])
        {
            if (_parts.TryGetValue(part, out var running))
            {
                Switches[part].Bury();
                try
                {
                    await running.DisposeAsync();
                }
                catch (Exception)
                {
                    // The cluster is over: nothing that fails now matters.
                }
            }
        }

        _http.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    /// <summary>While their agent hears them they end at once; executors that a test left running would write into the folder that goes.</summary>
    private async Task EndExecutorsAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        Switches[Part.Scheduler].Bury();
        while (_launcher.Count > 0 && !limit.IsCancellationRequested)
        {
            _launcher.KillAll();
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task StartAsync(Part part, CancellationToken cancellationToken) => _parts[part] = part switch
    {
        Part.Server => await HostedPart.StartAsync(_server, services =>
        {
            services.AddDroverServer(ServerOptions());
            _options.AddToServer?.Invoke(services);
        }, app =>
        {
            _options.MapInServer?.Invoke(app);
            app.UseDroverServer();
            app.MapDroverServer();
        }, Logging, cancellationToken),
        Part.Scheduler => await HostedPart.StartAsync(_artifacts, services => services.AddDroverScheduler(SchedulerOptions()), app => app.MapSchedulerArtifacts(), Logging, cancellationToken),
        Part.Master => await StartMasterAsync(cancellationToken),
        Part.Agent => await StartAgentAsync(cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(part)),
    };

    private async Task<IAsyncDisposable> StartMasterAsync(CancellationToken cancellationToken)
    {
        var master = await LocalMaster.StartAsync(
            new LocalMasterOptions { DataDirectory = Path.Combine(Data, "mesos"), AllocationInterval = TimeSpan.FromMilliseconds(50), Reached = Switches[Part.Master].Reached },
            TimeProvider.System, Logging, cancellationToken);
        _master = master.Uri;
        return master;
    }

    private async Task<IAsyncDisposable> StartAgentAsync(CancellationToken cancellationToken) => await LocalAgent.StartAsync(
        new LocalAgentOptions
        {
            Master = _master,
            DataDirectory = Path.Combine(Data, "mesos"),
            MilliCpus = 64_000,
            MemoryMebibytes = 64 * 1024,
            DiskMebibytes = 1024 * 1024,
            Launcher = _launcher,
            MasterRetryMax = TimeSpan.FromMilliseconds(100),
            ExecutorReregistrationTimeout = TimeSpan.FromSeconds(5),
            UpdateRetryInterval = TimeSpan.FromMilliseconds(500),
            DeleteSandboxesEndedAsAsked = true,
            Reached = Switches[Part.Agent].Reached,
        },
        TimeProvider.System, Logging, cancellationToken);

    private ServerOptions ServerOptions() => new()
    {
        DataDirectory = Data,
        PasswordIterations = 1000,
        HandlerTimeout = TimeSpan.FromSeconds(5),
        PoolWarm = _options.Warm,
        PoolTemplates = _options.Templates,
        Reached = Switches[Part.Server].Reached,
    };

    private SchedulerOptions SchedulerOptions()
    {
        var keys = Keys("service");
        return new SchedulerOptions
        {
            CattleUrl = new Uri(_server, "/v1").AbsoluteUri,
            AccessKey = (string)keys["accessKey"]!,
            SecretKey = (string)keys["secretKey"]!,
            MesosMaster = _master.Authority,
            MasterIdentity = "test",
            DataDirectory = Path.Combine(Data, "scheduler"),
            ProgramsDirectory = Path.Combine(Data, "programs"),
            AdvertisedUrl = _artifacts,
            Accelerator = "simulated",
            Simulation = _options.Simulation,
            ExecutorStateDirectory = Path.Combine(Data, "machines"),
            Reached = Switches[Part.Scheduler].Reached,
        };
    }

    private async Task RunExecutorAsync(ExecutorStart start, CancellationToken killed)
    {
        var options = new ExecutorOptions { SimulatedGuest = SimulatedGuestAgent.RunAsync, Log = _ => { }, Reached = _options.ExecutorSteps?.Invoke() };
        await ExecutorHost.RunAsync(ExecutorEnvironment.From(start.Environment.GetValueOrDefault), start.Sandbox, options, TimeProvider.System, killed);
    }

    private JsonNode Keys(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Data, "keys", $"{name}.json")))!;

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

/// <summary>What can be killed alone and started again. An executor cannot: its machine dies with it (see the conformance tests).</summary>
public enum Part
{
    Server,
    Scheduler,
    Master,
    Agent,
}

/// <summary>How a cluster is made.</summary>
public sealed record TestClusterOptions
{
    public Simulation Simulation { get; init; } = new() { BootMilliseconds = 1 };

    /// <summary>A data folder whose server has been set up once, to be copied instead of set up anew.</summary>
    public string? ServerTemplate { get; init; }

    /// <summary>Makes the hook of each executor that starts: it is called at each durable step, and throws to end the executor there.</summary>
    public Func<Action<string>>? ExecutorSteps { get; init; }

    /// <summary>Spares to keep: a number, <c>auto</c>, or null for what is stored.</summary>
    public string? Warm { get; init; }

    /// <summary>Whether templates are made: <c>auto</c>, <c>off</c>, or null for what is stored.</summary>
    public string? Templates { get; init; }

    /// <summary>What else lives in the server's process.</summary>
    public Action<IServiceCollection>? AddToServer { get; init; }

    /// <summary>Runs before the server is mapped.</summary>
    public Action<WebApplication>? MapInServer { get; init; }

    public ILoggerFactory? Logging { get; init; }
}
