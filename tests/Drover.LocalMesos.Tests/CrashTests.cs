using System.Collections.Concurrent;

namespace Drover.LocalMesos.Tests;

/// <summary>Master or agent are killed at every write of a task's whole life, before and after it; nothing may be lost, doubled or left over.</summary>
public sealed class CrashTests
{
    private static readonly string[] Steps =
    [
        "master.save-agent", "master.save-framework", "master.complete-framework",
        "agent.save-id", "agent.save-generation", "agent.add-executor", "agent.set-process", "agent.set-delivered", "agent.add-update", "agent.acknowledge",
        "agent.close-task", "agent.complete-executor", "agent.set-terminating", "agent.delete-framework", "agent.remove-framework",
    ];

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var step in Steps)
        {
            // A step may come several times in one life: RUNNING and KILLED are both updates.
            var times = step is "agent.add-update" ? 2 : 1;
            for (var time = 1; time <= times; time++)
            {
                cases.Add($"{step}:before", time);
                cases.Add($"{step}:after", time);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Killed_AtAStep_LosesDoublesAndLeavesNothing(string step, int time)
    {
        var crash = new Crash(step, time);
        await using var cluster = new CrashingCluster(crash);
        await cluster.StartAsync();
        var road = new Road(cluster);
        await road.RunAsync();
        await TestCluster.UntilAsync(() => crash.Happened, $"{step} to be reached");

        // Nothing doubled: at no time had two executors a task. (One whose task was dropped on its way may still be ending.)
        Assert.Equal(1, cluster.MostAtWork);

        // Nothing left: no executor, no task, everything free.
        await TestCluster.UntilAsync(() => cluster.Inner.Launcher.Count == 0, "the executors' ends");
        await cluster.UntilAllIsFreeAsync();
    }

    /// <summary>Throws at the n-th time that a step is reached.</summary>
    private sealed class Crash(string step, int time)
    {
        private int _seen;

        public bool Happened => Volatile.Read(ref _seen) >= time;

        public void Reached(string at)
        {
            if (at == step && Interlocked.Increment(ref _seen) == time)
            {
                throw new InvalidOperationException($"killed at {step}");
            }
        }
    }

    /// <summary>Restarts whichever of the two has died.</summary>
    private sealed class CrashingCluster(Crash crash) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private Task _guard = Task.CompletedTask;

        public TestCluster Inner { get; private set; } = null!;

        public int MostAtWork { get; private set; }

        public async Task StartAsync()
        {
            Inner = await TestCluster.StartAsync(
                m => m with { Reached = crash.Reached }, a => a with { Reached = crash.Reached, UpdateRetryInterval = TimeSpan.FromMilliseconds(200) }, retryStart: true);
            Inner.OnExecutor = executor =>
            {
                var launched = executor.OnLaunch;
                executor.OnLaunch = (e, task) =>
                {
                    MostAtWork = Math.Max(MostAtWork, Inner.Executors.Values.Count(x => x.HasWork));
                    launched(e, task);
                };
            };
            _guard = GuardAsync();
        }

        public async Task UntilAllIsFreeAsync()
        {
            using var client = new OperatorClient();
            await TestCluster.UntilAsync(
                async () =>
                {
                    try
                    {
                        var state = await client.GetStateAsync(Inner.Master.Uri, TestContext.Current.CancellationToken);
                        return state.GetTasks.Tasks.Count == 0 && state.GetExecutors.Executors.Count == 0
                            && state.GetAgents.Agents is [{ Active: true, AllocatedResources.Count: 0 }];
                    }
                    catch (Exception e) when (e is MesosException or NullReferenceException)
                    {
                        return false;
                    }
                }, "everything to be free");
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _guard;
            await Inner.DisposeAsync();
            _stop.Dispose();
        }

        private async Task GuardAsync()
        {
            while (!_stop.IsCancellationRequested)
            {
                var stopped = Task.Delay(Timeout.Infinite, _stop.Token);
                var died = await Task.WhenAny(Inner.Master.Failed, Inner.Agent.Failed, stopped);
                if (died == Inner.Master.Failed)
                {
                    await Inner.KillMasterAsync();
                    await Inner.StartMasterAsync();
                }
                else if (died == Inner.Agent.Failed)
                {
                    await Inner.KillAgentAsync();
                    await Inner.StartAgentAsync();
                }
            }
        }
    }

    /// <summary>A scheduler that wants one task to run, then to be killed, then to be gone for good; and that tries again what was dropped.</summary>
    private sealed class Road(CrashingCluster cluster)
    {
        private readonly ConcurrentDictionary<string, TaskState> _attempts = new();

        public async Task RunAsync()
        {
            var scheduler = cluster.Inner.NewScheduler();
            scheduler.AcknowledgesAll = true;
            var attempt = await UntilRunningAsync(scheduler);
            await UntilOverAsync(scheduler, attempt);
            await TestCluster.UntilAsync(() => cluster.Inner.Launcher.Count == 0, "the executor's end");
            await EndFrameworkAsync(scheduler);
        }

        private static bool IsOver(TestScheduler scheduler, string task) => scheduler.Updates.Any(u => u.TaskId.Value == task && u.State.IsTerminal());

        private async Task<string> UntilRunningAsync(TestScheduler scheduler)
        {
            for (var i = 1; i <= 5; i++)
            {
                var task = $"t{i}";
                _attempts[task] = TaskState.TaskStaging;
                await LaunchAsync(scheduler, task);
                await TestCluster.UntilAsync(() => scheduler.Updates.Any(u => u.TaskId.Value == task && u.State != TaskState.TaskStaging), $"news of {task}");
                if (!IsOver(scheduler, task))
                {
                    return task;
                }
            }

            throw new InvalidOperationException("no attempt came to run");
        }

        /// <summary>Launches, and asks until the answer shows that the launch was carried out or lost.</summary>
        private static async Task LaunchAsync(TestScheduler scheduler, string task)
        {
            string agent;
            while (true)
            {
                var offer = await scheduler.OfferAsync();
                agent = offer.AgentId.Value;
                if (await scheduler.TryLaunchAsync(offer, TestCluster.NewTask(offer, task)))
                {
                    break;
                }
            }

            var known = false;
            await TestCluster.UntilAsync(
                async () =>
                {
                    known = known || scheduler.Updates.Any(u => u.TaskId.Value == task);
                    if (!known)
                    {
                        await scheduler.TryReconcileAsync(task, agent);
                    }

                    return known;
                }, $"an answer about {task}");
        }

        private static async Task UntilOverAsync(TestScheduler scheduler, string task) => await TestCluster.UntilAsync(
            async () =>
            {
                if (!IsOver(scheduler, task))
                {
                    await scheduler.TryKillAsync(task);
                }

                return IsOver(scheduler, task);
            }, $"the end of {task}");

        private async Task EndFrameworkAsync(TestScheduler scheduler)
        {
            // One more that runs while the framework is torn down.
            await LaunchAsync(scheduler, "last");
            using var client = new OperatorClient();
            await TestCluster.UntilAsync(
                async () =>
                {
                    try
                    {
                        await client.TeardownAsync(cluster.Inner.Master.Uri, scheduler.Id, TestContext.Current.CancellationToken);
                        return true;
                    }
                    catch (MesosException e) when (e.Status == System.Net.HttpStatusCode.BadRequest)
                    {
                        return true;
                    }
                    catch (Exception e) when (e is MesosException or NullReferenceException)
                    {
                        return false;
                    }
                }, "the teardown");
        }
    }
}
