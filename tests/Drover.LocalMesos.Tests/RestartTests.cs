using Microsoft.Extensions.Time.Testing;
using ExecutorEventType = Drover.Mesos.V1.Executor.Event.Types.Type;

namespace Drover.LocalMesos.Tests;

public sealed class RestartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Agent_Restarted_FindsItsExecutorAndTakesWhatItBuffered()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        var port = cluster.Agent.Uri.Port;
        await cluster.KillAgentAsync();
        cluster.Executors["t"].Report("t", TaskState.TaskKilling);
        await cluster.StartAgentAsync();
        Assert.Equal(port, cluster.Agent.Uri.Port);
        await scheduler.UpdateAsync(TaskState.TaskKilling);
        Assert.Equal(1, cluster.Launcher.Count);

        // The same agent, which holds the same.
        using var client = new OperatorClient();
        var agents = await client.GetAgentsAsync(cluster.Master.Uri, Token);
        Assert.Equal(running.AgentId, agents.Agents.Single().AgentInfo.Id);
        Assert.Equal(1010, Resources.Of(agents.Agents.Single().AllocatedResources).Milli("cpus"));
        await scheduler.KillAsync("t");
        await scheduler.UpdateAsync(TaskState.TaskKilled);
        Assert.DoesNotContain(scheduler.Updates, u => u.State is TaskState.TaskLost or TaskState.TaskDropped or TaskState.TaskGone);
    }

    [Fact]
    public async Task Agent_Restarted_SendsUnacknowledgedUpdatesAgain()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        var first = await scheduler.UpdateAsync(TaskState.TaskRunning);
        await cluster.KillAgentAsync();
        await cluster.StartAgentAsync();
        var second = await scheduler.UpdateAsync(TaskState.TaskRunning);
        Assert.Equal(first.Uuid, second.Uuid);
    }

    [Fact]
    public async Task Agent_RestartedWhileTheExecutorDied_FailsItsTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        await cluster.KillAgentAsync();
        cluster.Executors["t"].Crash();
        await TestCluster.UntilAsync(() => cluster.Launcher.Count == 0, "the crash");
        await cluster.StartAgentAsync();
        var failed = await scheduler.UpdateAsync(TaskState.TaskFailed);
        Assert.Equal(TaskStatus.Types.Reason.ExecutorTerminated, failed.Reason);
        await scheduler.DeclineAsync(await scheduler.OfferAsync(), 0);
        await scheduler.OfferOfAsync(4000);
    }

    [Fact]
    public async Task Agent_RestartedAndTheExecutorLate_KillsIt()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var (scheduler, _) = await cluster.RunTaskAsync("t");

        // Its own clock stands still with all others: it will not try again before the window is over.
        await cluster.KillAgentAsync();
        await cluster.Executors["t"].Log.NextAsync(s => s is ExecutorSignal.Disconnected, "the executor's disconnection");
        await cluster.Executors["t"].Connection.DisposeAsync();
        await cluster.StartAgentAsync();
        await time.AdvanceUntilAsync(() => scheduler.Updates.Any(u => u.State == TaskState.TaskGone), "GONE", 0.5);
        Assert.Equal(TaskStatus.Types.Reason.ExecutorReregistrationTimeout, scheduler.Updates.First(u => u.State == TaskState.TaskGone).Reason);
        Assert.Equal(0, cluster.Launcher.Count);
    }

    [Fact]
    public async Task Agent_InTheWindow_TakesSubscriptionsButNoUpdates()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var scheduler = cluster.NewScheduler();
        scheduler.AcknowledgesAll = true;
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "quick"), TestCluster.NewTask(offer, "dead"));
        await TestCluster.UntilAsync(() => scheduler.Updates.Count(u => u.State == TaskState.TaskRunning) == 2, "both tasks");

        await cluster.KillAgentAsync();
        await cluster.Executors["dead"].Log.NextAsync(s => s is ExecutorSignal.Disconnected, "the executor's disconnection");
        await cluster.Executors["dead"].Connection.DisposeAsync();
        await cluster.StartAgentAsync();

        // One is back and reports; the window is open because of the other.
        await cluster.Executors["quick"].SubscribedAsync();
        var back = cluster.Executors["quick"].SubscribedAsync();
        await time.AdvanceUntilAsync(() => back.IsCompleted, "the quick one's return", 0.02);
        cluster.Executors["quick"].Report("quick", TaskState.TaskKilling);
        Assert.False(await WaitRealAsync(cluster.Executors["quick"]));
        await time.AdvanceUntilAsync(() => scheduler.Updates.Any(u => u.State == TaskState.TaskKilling), "the update after the window", 0.2);
    }

    [Fact]
    public async Task Agent_LaunchLostOnItsWayToTheExecutor_DropsTheTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t1");

        // A second task is noted as delivered and the agent dies before it is written.
        var offer = await scheduler.OfferAsync();
        await cluster.KillAgentAsync();
        cluster.ConfigureAgent = a => a with { Reached = step => Fail(step == "agent.set-delivered:after") };
        await cluster.StartAgentAsync();
        offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t2", executor: "t1"));
        await cluster.Agent.Failed.WaitAsync(Token);
        await cluster.KillAgentAsync();
        cluster.ConfigureAgent = a => a;
        await cluster.StartAgentAsync();
        Assert.Equal(TaskStatus.Types.Reason.AgentRestarted, (await scheduler.UpdateAsync(TaskState.TaskDropped, "t2")).Reason);
        Assert.Equal(1, cluster.Launcher.Count);
    }

    [Fact]
    public async Task Agent_InAnotherBoot_ForgetsWhatRan()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await cluster.KillAgentAsync();
        cluster.Executors["t"].Exit();
        cluster.Launcher.Generation = "another boot";
        await cluster.StartAgentAsync();
        var dropped = await scheduler.UpdateAsync(TaskState.TaskDropped);
        Assert.Equal((TaskStatus.Types.Reason.Reconciliation, TaskStatus.Types.Source.Master), (dropped.Reason, dropped.Source));
        var offer = await scheduler.OfferOfAsync(4000);
        Assert.Equal(running.AgentId, offer.AgentId);
    }

    [Fact]
    public async Task Agent_WithoutCheckpoint_LosesTasksWhenItGoesAway()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t", TestScheduler.Info(checkpoint: false));
        await cluster.KillAgentAsync();
        var lost = await scheduler.UpdateAsync(TaskState.TaskLost);
        Assert.Equal(TaskStatus.Types.Reason.AgentDisconnected, lost.Reason);
        await TestCluster.UntilAsync(() => cluster.Launcher.Count == 0, "the executor's own end");
        await cluster.StartAgentAsync();
        await scheduler.DeclineAsync(await scheduler.OfferAsync(), 0);
        await scheduler.OfferOfAsync(4000);
    }

    [Fact]
    public async Task Master_Restarted_GetsAgentsTasksAndFrameworkBack()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        var first = await scheduler.SubscribedAsync();
        await cluster.KillMasterAsync();
        await cluster.StartMasterAsync();
        var second = await scheduler.SubscribedAsync();
        Assert.Equal(first.FrameworkId, second.FrameworkId);
        Assert.NotEqual(first.Master!.Id, second.Master!.Id);
        await scheduler.OfferAsync();
        using var client = new OperatorClient();
        await TestCluster.UntilAsync(
            async () => (await client.GetAgentsAsync(cluster.Master.Uri, Token)).Agents is [{ AllocatedResources.Count: > 0 } agent] && agent.AgentInfo.Id.Equals(running.AgentId),
            "the agent with its task");
        await scheduler.ReconcileAsync(("t", running.AgentId.Value));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        await scheduler.KillAsync("t");
        await scheduler.UpdateAsync(TaskState.TaskKilled);
    }

    [Fact]
    public async Task Both_Restarted_TheTaskGoesOn()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        await cluster.KillMasterAsync();
        await cluster.KillAgentAsync();
        cluster.Executors["t"].Report("t", TaskState.TaskKilling);
        await cluster.StartMasterAsync();
        await cluster.StartAgentAsync();
        await scheduler.UpdateAsync(TaskState.TaskKilling);
        Assert.Equal(1, cluster.Launcher.Count);
    }

    [Fact]
    public async Task Executor_StreamCutWithTheAgentAlive_LosesTheKillAndSchedulersRepeatIt()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        await cluster.RestartAgentAsync();
        await cluster.Executors["t"].Log.NextAsync(s => s is ExecutorSignal.Disconnected, "the cut");
        await cluster.Executors["t"].SubscribedAsync();
        await scheduler.KillAsync("t");
        await cluster.Executors["t"].EventAsync(ExecutorEventType.Kill);
    }

    [Fact]
    public async Task StopExecutors_Asked_EndsThemAllInTheirGracePeriod()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        await cluster.Agent.StopExecutorsAsync(Token);
        Assert.Equal(0, cluster.Launcher.Count);
        await scheduler.UpdateAsync(TaskState.TaskKilled);
    }

    private static async Task<bool> WaitRealAsync(TestExecutor executor)
    {
        // Real time: fake time must not move while the window is open.
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(150));
        try
        {
            return await executor.Connection.WaitAcknowledgedAsync(TimeSpan.FromHours(1), limit.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static void Fail(bool now)
    {
        if (now)
        {
            throw new InvalidOperationException("killed here");
        }
    }
}
