using System.Collections.Concurrent;

namespace Drover.LocalMesos.Tests;

/// <summary>A master and an agent on their own folder, which can be killed and started again; executors live in this process and stay.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("drover-mesos-").FullName;
    private readonly List<IAsyncDisposable> _schedulers = [];
    private LocalMaster? _master;
    private Uri? _masterUri;
    private LocalAgent? _agent;

    private TestCluster(TimeProvider time, Func<LocalMasterOptions, LocalMasterOptions>? master, Func<LocalAgentOptions, LocalAgentOptions>? agent)
    {
        Time = time;
        ConfigureMaster = master ?? (o => o);
        ConfigureAgent = agent ?? (o => o);
        Launcher = new InProcessLauncher(RunExecutorAsync);
    }

    public TimeProvider Time { get; }

    public InProcessLauncher Launcher { get; }

    public LocalMaster Master => _master!;

    public LocalAgent Agent => _agent!;

    public string AgentDirectory => Path.Combine(_directory, "agent");

    public ConcurrentDictionary<string, TestExecutor> Executors { get; } = new();

    /// <summary>Changes an executor before it starts.</summary>
    public Action<TestExecutor> OnExecutor { get; set; } = _ => { };

    public Func<LocalMasterOptions, LocalMasterOptions> ConfigureMaster { get; set; }

    public Func<LocalAgentOptions, LocalAgentOptions> ConfigureAgent { get; set; }

    public static async Task<TestCluster> StartAsync(
        Func<LocalMasterOptions, LocalMasterOptions>? master = null, Func<LocalAgentOptions, LocalAgentOptions>? agent = null, TimeProvider? time = null, bool retryStart = false)
    {
        var cluster = new TestCluster(time ?? TimeProvider.System, master, agent);
        await cluster.StartMasterAsync();
        try
        {
            await cluster.StartAgentAsync();
        }
        catch (CheckpointException) when (retryStart)
        {
            await cluster.StartAgentAsync();
        }

        return cluster;
    }

    public async Task StartMasterAsync()
    {
        _master = await LocalMaster.StartAsync(
            ConfigureMaster(new LocalMasterOptions { DataDirectory = Path.Combine(_directory, "master"), AllocationInterval = TimeSpan.FromMilliseconds(50) }),
            Time, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        _masterUri = _master.Uri;
    }

    public async Task StartAgentAsync() => _agent = await LocalAgent.StartAsync(
        ConfigureAgent(new LocalAgentOptions
        {
            Master = Master.Uri,
            DataDirectory = AgentDirectory,
            MilliCpus = 4000,
            MemoryMebibytes = 4096,
            DiskMebibytes = 10_000,
            Launcher = Launcher,
            MasterRetryMax = TimeSpan.FromMilliseconds(100),
        }),
        Time, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

    public async Task KillMasterAsync()
    {
        await (_master?.DisposeAsync() ?? default);
        _master = null;
    }

    public async Task KillAgentAsync()
    {
        await (_agent?.DisposeAsync() ?? default);
        _agent = null;
    }

    public TestScheduler NewScheduler(FrameworkInfo? info = null, LocalCredentials? credentials = null, params string[] suppressed)
    {
        // A master that is just being killed comes back at the same address.
        var scheduler = new TestScheduler(_masterUri!, Time, info ?? TestScheduler.Info(), credentials, suppressed);
        _schedulers.Add(scheduler);
        return scheduler;
    }

    /// <summary>A task with an executor of its own.</summary>
    public static TaskInfo NewTask(Offer offer, string id, double cpus = 1, double mem = 512, string? executor = null)
    {
        var task = new TaskInfo
        {
            Name = id,
            TaskId = new TaskID { Value = id },
            AgentId = offer.AgentId,
            Executor = new ExecutorInfo
            {
                ExecutorId = new ExecutorID { Value = executor ?? id },
                Type = ExecutorInfo.Types.Type.Custom,
                Command = new CommandInfo { Shell = false, Value = "./executor" },
            },
        };
        task.Resources.Add(Resources.Scalar("cpus", Resources.ToMilli(cpus)));
        task.Resources.Add(Resources.Scalar("mem", Resources.ToMilli(mem)));
        task.Executor.Resources.Add(Resources.Scalar("cpus", 10));
        task.Executor.Resources.Add(Resources.Scalar("mem", 32_000));
        return task;
    }

    /// <summary>A scheduler with one task that runs; it acknowledges every update.</summary>
    public async Task<(TestScheduler Scheduler, TaskStatus Running)> RunTaskAsync(string id, FrameworkInfo? info = null)
    {
        var scheduler = NewScheduler(info);
        scheduler.AcknowledgesAll = true;
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, NewTask(offer, id));
        return (scheduler, await scheduler.UpdateAsync(TaskState.TaskRunning, id));
    }

    /// <summary>Until the master has seen the end of the agent's connection.</summary>
    public Task UntilAgentIsAwayAsync() => UntilAgentsAsync(agents => agents.All(a => !a.Active), "the agent's absence");

    /// <summary>Kills and starts the agent, and waits until the master has seen both.</summary>
    public async Task RestartAgentAsync()
    {
        await KillAgentAsync();
        await UntilAgentIsAwayAsync();
        await StartAgentAsync();
        await UntilAgentsAsync(agents => agents.Any(a => a.Active), "the agent's return");
    }

    private async Task UntilAgentsAsync(Func<IEnumerable<Mesos.V1.Master.Response.Types.GetAgents.Types.Agent>, bool> condition, string what)
    {
        using var client = new OperatorClient();
        await UntilAsync(async () => condition((await client.GetAgentsAsync(Master.Uri, TestContext.Current.CancellationToken)).Agents), what);
    }

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromMinutes(1), $"waited for {what}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var scheduler in _schedulers)
        {
            await scheduler.DisposeAsync();
        }

        await KillAgentAsync();
        await KillMasterAsync();
        await UntilAsync(
            () =>
            {
                // One may just be starting.
                foreach (var executor in Executors.Values)
                {
                    executor.Exit();
                }

                return Launcher.Count == 0;
            }, "the executors' ends");
        Directory.Delete(_directory, recursive: true);
    }

    private async Task RunExecutorAsync(ExecutorStart start, CancellationToken killed)
    {
        var environment = ExecutorEnvironment.From(start.Environment.GetValueOrDefault);
        var options = new ExecutorConnectionOptions { MaxRetryDelay = TimeSpan.FromMilliseconds(50) };
        var executor = new TestExecutor(start, new ExecutorConnection(environment, options, Time));
        OnExecutor(executor);
        Executors[environment.ExecutorId.Value] = executor;
        await executor.RunAsync(killed);
    }
}
