using Microsoft.Extensions.Time.Testing;
using ExecutorEventType = Drover.Mesos.V1.Executor.Event.Types.Type;
using SchedulerCall = Drover.Mesos.V1.Scheduler.Call;
using SchedulerEventType = Drover.Mesos.V1.Scheduler.Event.Types.Type;

namespace Drover.LocalMesos.Tests;

public sealed class KillTests
{
    [Fact]
    public async Task Kill_WhileFetching_EndsTheTaskWithoutAnExecutor()
    {
        // A server that takes connections and never answers.
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var task = TestCluster.NewTask(offer, "t");
        task.Executor.Command.Uris.Add(new CommandInfo.Types.URI { Value = $"http://{silent.LocalEndpoint}/executor" });
        await scheduler.LaunchAsync(offer, task);
        await scheduler.KillAsync("t");
        var killed = await scheduler.UpdateAsync(TaskState.TaskKilled);
        Assert.Equal(TaskStatus.Types.Reason.TaskKilledDuringLaunch, killed.Reason);
        Assert.True(killed.HasUuid);
        await scheduler.EventAsync(SchedulerEventType.Failure);
        Assert.Equal(0, cluster.Launcher.Count);
        await scheduler.AcknowledgeAsync(killed);
        await scheduler.DeclineAsync(await scheduler.OfferAsync(), 0);
        await scheduler.OfferOfAsync(4000);
    }

    [Fact]
    public async Task Kill_BeforeTheExecutorSubscribed_EndsTheExecutorToo()
    {
        await using var cluster = await TestCluster.StartAsync();
        var started = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        cluster.Launcher.BeforeStart = _ => started.TrySetResult();
        cluster.OnExecutor = _ => go.Task.GetAwaiter().GetResult();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await started.Task.WaitAsync(TestContext.Current.CancellationToken);
        await scheduler.KillAsync("t");
        Assert.Equal(TaskStatus.Types.Reason.TaskKilledDuringLaunch, (await scheduler.UpdateAsync(TaskState.TaskKilled)).Reason);
        go.SetResult();
        await TestCluster.UntilAsync(() => cluster.Executors.ContainsKey("t"), "the executor");
        await cluster.Executors["t"].EventAsync(ExecutorEventType.Shutdown);
        Assert.DoesNotContain(cluster.Executors["t"].Log.All, s => s is ExecutorSignal.Event { Message.Type: ExecutorEventType.Launch });
    }

    [Fact]
    public async Task Kill_Policy_IsPassedOnAndNeverEnforced()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.OnExecutor = e => e.OnKill = null;
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        var call = new SchedulerCall
        {
            Type = SchedulerCall.Types.Type.Kill,
            Kill = new() { TaskId = running.TaskId, AgentId = running.AgentId, KillPolicy = new KillPolicy { GracePeriod = new DurationInfo { Nanoseconds = 7 } } },
        };
        await scheduler.SendAsync(call);
        Assert.Equal(7, (await cluster.Executors["t"].EventAsync(ExecutorEventType.Kill)).Kill.KillPolicy.GracePeriod.Nanoseconds);
        Assert.Equal(1, cluster.Launcher.Count);
    }

    [Fact]
    public async Task Kill_WrongAgent_IsIgnored()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await scheduler.KillAsync("t", "other");
        await scheduler.KillAsync("t", running.AgentId.Value);
        await scheduler.UpdateAsync(TaskState.TaskKilled);
        Assert.Single(cluster.Executors["t"].Log.All, s => s is ExecutorSignal.Event { Message.Type: ExecutorEventType.Kill });
    }

    [Fact]
    public async Task Kill_UnknownTask_IsAnsweredAsReconciliation()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.KillAsync("nobody");
        Assert.Equal(TaskStatus.Types.Reason.Reconciliation, (await scheduler.UpdateAsync(TaskState.TaskUnknown)).Reason);
        await scheduler.KillAsync("nobody", offer.AgentId.Value);
        await scheduler.UpdateAsync(TaskState.TaskGone);
    }

    [Fact]
    public async Task Kill_AgentAway_IsRepeatedWhenItIsBack()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await cluster.KillAgentAsync();
        await cluster.UntilAgentIsAwayAsync();
        await scheduler.KillAsync("t", running.AgentId.Value);
        await cluster.StartAgentAsync();
        await scheduler.UpdateAsync(TaskState.TaskKilled);
    }

    [Fact]
    public async Task Shutdown_Disobeyed_KillsWhenTheGracePeriodIsOver()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        cluster.OnExecutor = e => e.OnKill = null;
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await scheduler.SendAsync(new SchedulerCall
        {
            Type = SchedulerCall.Types.Type.Shutdown,
            Shutdown = new() { AgentId = running.AgentId, ExecutorId = running.ExecutorId },
        });
        await cluster.Executors["t"].EventAsync(ExecutorEventType.Shutdown);
        await time.PassAsync(4);
        Assert.Equal(1, cluster.Launcher.Count);
        await time.AdvanceUntilAsync(() => scheduler.Updates.Any(u => u.State == TaskState.TaskFailed), "the end of the grace period");
        var failed = await scheduler.UpdateAsync(TaskState.TaskFailed);
        Assert.Equal((TaskStatus.Types.Reason.ExecutorTerminated, TaskStatus.Types.Source.Agent, true), (failed.Reason, failed.Source, failed.HasUuid));
        Assert.Equal(9, (await scheduler.EventAsync(SchedulerEventType.Failure)).Failure.Status);
    }

    [Fact]
    public async Task Executor_Crashed_FailsItsTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        cluster.Executors["t"].Crash();
        Assert.Equal(TaskStatus.Types.Reason.ExecutorTerminated, (await scheduler.UpdateAsync(TaskState.TaskFailed)).Reason);
        Assert.Equal(1 << 8, (await scheduler.EventAsync(SchedulerEventType.Failure)).Failure.Status);
    }

    [Fact]
    public async Task Executor_NeverSubscribes_FailsWhenItsTimeIsOver()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time, agent: a => a with { Launcher = new InProcessLauncher((_, killed) => Task.Delay(Timeout.Infinite, killed)) });
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await time.AdvanceUntilAsync(() => scheduler.Updates.Count > 0, "the registration time-out", 2);
        Assert.Equal(TaskStatus.Types.Reason.ExecutorRegistrationTimeout, (await scheduler.UpdateAsync(TaskState.TaskFailed)).Reason);
    }

    [Fact]
    public async Task Executor_CannotBeStarted_FailsItsTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Launcher.BeforeStart = _ => throw new ExecutorStartException("no such program");
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        Assert.Equal(TaskStatus.Types.Reason.ExecutorTerminated, (await scheduler.UpdateAsync(TaskState.TaskFailed)).Reason);
        using var client = new OperatorClient();
        var stderr = await client.ReadFileAsync(cluster.Agent.Uri, OperatorClient.SandboxPath(scheduler.Id.Value, "t", "stderr"), 0, 1000, TestContext.Current.CancellationToken);
        Assert.Equal("no such program\n", stderr!.Data.ToStringUtf8());
    }
}
