using System.Text.Json;
using Drover.Api.Machines;
using Drover.LocalMesos;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Artifacts;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ExecutorEvent = Drover.Mesos.V1.Executor.Event;
using Task = System.Threading.Tasks.Task;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>The whole scheduler, as a host runs it, against LocalMesos on the real wire; only the executors are tasks of this process.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("scheduler-").FullName;
    private readonly TestLog _log = new();
    private readonly InProcessLauncher _executors = new(RunExecutorAsync);
    private WebApplication? _artifacts;
    private LocalMaster? _master;
    private LocalAgent? _agent;
    private SchedulerService? _scheduler;
    private SchedulerOptions? _options;

    public required FakeCattle Cattle { get; init; }

    public SchedulerStatus Status { get; } = new();

    public int Executors => _executors.Count;

    public static async Task<LocalCluster> StartAsync()
    {
        var cluster = new LocalCluster { Cattle = await FakeCattle.StartAsync() };
        await cluster.BeginAsync();
        return cluster;
    }

    public async Task StartSchedulerAsync()
    {
        _scheduler = new SchedulerService(_options!, new ArtifactCatalog(_options!), Status, TimeProvider.System, _log);
        await _scheduler.StartAsync(CancellationToken.None);
    }

    public async Task StopSchedulerAsync()
    {
        await _scheduler!.StopAsync(CancellationToken.None);
        _scheduler.Dispose();
    }

    public async Task StartMasterAsync() => _master = await LocalMaster.StartAsync(
        new LocalMasterOptions { DataDirectory = _folder, AllocationInterval = TimeSpan.FromMilliseconds(20) }, TimeProvider.System, _log, CancellationToken.None);

    public async Task StopMasterAsync() => await _master!.DisposeAsync();

    public async Task UntilAsync(Func<bool> state, string phase)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!state())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"Not {phase} after a minute.\n{_log}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopSchedulerAsync();
        await _agent!.DisposeAsync();
        await _master!.DisposeAsync();
        await _artifacts!.DisposeAsync();
        await Cattle.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync()
    {
        File.WriteAllText(Path.Combine(_folder, ArtifactCatalog.Executor), "executor");
        File.WriteAllText(Path.Combine(_folder, ArtifactCatalog.Agent), "agent");
        var options = new SchedulerOptions
        {
            CattleUrl = Cattle.Url,
            AccessKey = "key",
            SecretKey = "secret",
            DataDirectory = Path.Combine(_folder, "scheduler"),
            ProgramsDirectory = _folder,
            ImagesDirectory = _folder,
            Accelerator = "simulated",
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new ArtifactCatalog(options));
        _artifacts = builder.Build();
        _artifacts.MapSchedulerArtifacts();
        await _artifacts.StartAsync();
        await StartMasterAsync();
        _agent = await LocalAgent.StartAsync(
            new LocalAgentOptions { Master = _master!.Uri, DataDirectory = _folder, MilliCpus = 8000, MemoryMebibytes = 16384, DiskMebibytes = 100_000, Launcher = _executors },
            TimeProvider.System, _log, CancellationToken.None);
        _options = options with { MesosMaster = _master!.Uri.Authority, AdvertisedUrl = new Uri(_artifacts.Urls.Single()) };
        await StartSchedulerAsync();
    }

    /// <summary>Says what the real executor says, without a machine.</summary>
    private static async Task RunExecutorAsync(ExecutorStart start, CancellationToken killed)
    {
        Assert.Equal("executor", await File.ReadAllTextAsync(Path.Combine(start.Sandbox, ArtifactCatalog.Executor), killed));
        await using var connection = new ExecutorConnection(ExecutorEnvironment.From(start.Environment.GetValueOrDefault), new ExecutorConnectionOptions(), TimeProvider.System);
        connection.Start();
        await foreach (var signal in connection.Signals.ReadAllAsync(killed))
        {
            switch (signal)
            {
                case ExecutorSignal.Event { Message: { Type: ExecutorEvent.Types.Type.Launch } message }:
                    var machine = JsonSerializer.Deserialize(message.Launch.Task.Data.Span, MachineJson.Default.MachineTask)!;
                    await File.WriteAllTextAsync(Path.Combine(start.Sandbox, "console.log"), $"{machine.Hostname} login: ", killed);
                    connection.Update(Word(message.Launch.Task.TaskId, TaskState.TaskStarting, "boot"));
                    connection.Update(Word(message.Launch.Task.TaskId, TaskState.TaskRunning, "register"));
                    break;
                case ExecutorSignal.Event { Message: { Type: ExecutorEvent.Types.Type.Kill } message }:
                    connection.Update(Word(message.Kill.TaskId, TaskState.TaskKilled, "register"));
                    await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), killed);
                    return;
                case ExecutorSignal.Event { Message.Type: ExecutorEvent.Types.Type.Shutdown } or ExecutorSignal.Ended:
                    return;
            }
        }
    }

    private static TaskStatus Word(TaskID id, TaskState state, string stage) => new()
    {
        TaskId = id,
        State = state,
        Source = TaskStatus.Types.Source.Executor,
        Uuid = MesosUuid.Create(),
        Data = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(
            new StageReport { Stage = stage, Status = StageStatus.Done, Accelerator = "simulated", AcceleratorReason = "asked for" }, MachineJson.Default.StageReport)),
    };
}
