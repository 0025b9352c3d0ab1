using Drover.Scheduler.Artifacts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>A whole scheduler between a fake cluster and a fake server, on a database in a folder of its own, with its own clock. It can be killed and
/// started again; cluster, server and database survive.</summary>
internal sealed class TestScheduler : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"scheduler-{Guid.NewGuid():N}");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private TestScheduler(FakeCattle cattle, Func<SchedulerOptions, SchedulerOptions>? configure)
    {
        Cattle = cattle;
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, ArtifactCatalog.Executor), "executor");
        File.WriteAllText(Path.Combine(_folder, ArtifactCatalog.Agent), "agent");
        var options = new SchedulerOptions
        {
            CattleUrl = cattle.Url,
            AccessKey = "key",
            SecretKey = "secret",
            MesosMaster = "127.0.0.1:5050",
            DataDirectory = _folder,
            ProgramsDirectory = _folder,
            ImagesDirectory = Path.Combine(_folder, "images"),
            Accelerator = "simulated",
        };
        Options = configure is null ? options : configure(options);
    }

    public FakeCattle Cattle { get; }

    public FakeMaster Master { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public SchedulerOptions Options { get; }

    public SchedulerStatus Status { get; } = new();

    /// <summary>Called at every stored step; throw to die there.</summary>
    public Action<string>? Reached { get; set; }

    public bool IsDead => _running.IsCompleted;

    public static async Task<TestScheduler> CreateAsync(Func<SchedulerOptions, SchedulerOptions>? configure = null) =>
        new(await FakeCattle.StartAsync(), configure);

    public static async Task<TestScheduler> StartAsync(Func<SchedulerOptions, SchedulerOptions>? configure = null)
    {
        var scheduler = await CreateAsync(configure);
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed to the server");
        return scheduler;
    }

    public void Start()
    {
        _stop = new CancellationTokenSource();
        var stop = _stop;
        var run = new SchedulerRun(Options, new SchedulerParts
        {
            Http = _http,
            Catalog = new ArtifactCatalog(Options),
            Status = Status,
            Time = Time,
            Logger = NullLogger.Instance,
            Link = Master.NewLink,
            Reached = Reached is null ? null : step =>
            {
                // A killed process does nothing more, wherever its other threads are.
                stop.Token.ThrowIfCancellationRequested();
                try
                {
                    Reached?.Invoke(step);
                }
                catch (KilledException)
                {
                    stop.Cancel();
                    throw;
                }
            },
        });
        _running = RunAsync(run, stop.Token);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        Start();
    }

    /// <summary>Lets the scheduler's time pass in small steps until the state is there.</summary>
    public async Task UntilAsync(Func<bool> state, string phase, Func<Task>? meanwhile = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; !state(); i++)
        {
            if (TimeProvider.System.GetElapsedTime(began) > s_patience)
            {
                Assert.Fail($"Not {phase} after {s_patience.TotalSeconds:0} s. {Describe()}");
            }

            if (_running.IsFaulted && _running.Exception.InnerException is not KilledException)
            {
                await _running;
            }

            if (meanwhile is not null)
            {
                await meanwhile();
            }

            await Task.Delay(1, TestContext.Current.CancellationToken);
            if (i % 4 == 3)
            {
                Time.Advance(TimeSpan.FromMilliseconds(250));
            }
        }
    }

    /// <summary>Creates a machine and drives the server's side until it is active.</summary>
    public async Task<FakeMachine> CreateActiveAsync(string id, System.Text.Json.Nodes.JsonObject? config = null)
    {
        var machine = Cattle.Create(id, config);
        await Cattle.SendAsync(id);
        await UntilAsync(() => machine.State == "bootstrapping", $"{id} bootstrapping");
        await Cattle.SendAsync(id);
        await UntilAsync(() => machine.State == "active", $"{id} active");
        return machine;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Cattle.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task RunAsync(SchedulerRun run, CancellationToken cancellationToken)
    {
        await using (run)
        {
            await Task.Yield();
            await run.RunAsync(cancellationToken);
        }
    }

    private string Describe()
    {
        var now = Status.Take();
        return $"Queue: {string.Join("; ", now.Queue)}. Tasks: {string.Join("; ", now.Tasks)}. Cluster: {string.Join(", ", Master.All.Select(t => $"{t.Id} {t.State}"))}. Run: {_running.Status}.";
    }
}

/// <summary>Thrown where a test kills the process.</summary>
internal sealed class KilledException(string step) : Exception($"killed at {step}");
