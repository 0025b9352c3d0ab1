using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

public sealed class ReconciliationTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, TaskState.TaskGone, TaskState.TaskUnknown)]
    [InlineData(false, TaskState.TaskLost, TaskState.TaskLost)]
    public async Task Explicit_UnknownTask_IsAnsweredByItsAgent(bool partitionAware, TaskState onAgent, TaskState elsewhere)
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler(TestScheduler.Info(partitionAware: partitionAware));
        var agent = (await scheduler.OfferAsync()).AgentId.Value;
        await scheduler.ReconcileAsync(("a", agent), ("b", null), ("c", "stranger"));
        var a = await scheduler.UpdateAsync(onAgent, "a");
        Assert.Equal((TaskStatus.Types.Source.Master, TaskStatus.Types.Reason.Reconciliation, false), (a.Source, a.Reason, a.HasUuid));
        await scheduler.UpdateAsync(elsewhere, "b");
        await scheduler.UpdateAsync(elsewhere, "c");
    }

    [Fact]
    public async Task Explicit_KnownTask_TellsWhatTheFrameworkWasTold()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        cluster.Executors["t"].Report("t", TaskState.TaskFinished);

        // FINISHED waits behind RUNNING, which is not acknowledged.
        await scheduler.ReconcileAsync(("t", "not compared"));
        var answer = await scheduler.UpdateAsync(TaskState.TaskRunning);
        Assert.Equal(TaskStatus.Types.Reason.Reconciliation, answer.Reason);
        Assert.False(answer.HasUuid);
    }

    [Fact]
    public async Task Implicit_Empty_TellsOfEveryTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t1"), TestCluster.NewTask(offer, "t2"));
        await TestCluster.UntilAsync(() => scheduler.Updates.Count(u => u.State == TaskState.TaskRunning) == 2, "both tasks");
        await scheduler.ReconcileAsync();
        await TestCluster.UntilAsync(() => scheduler.Updates.Count(u => u.Reason == TaskStatus.Types.Reason.Reconciliation && !u.HasUuid) == 2, "both answers");
    }

    [Fact]
    public async Task Explicit_AgentKnownFromTheLastRun_IsNotAnsweredUntilItIsBack()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await cluster.KillAgentAsync();
        await cluster.KillMasterAsync();
        await cluster.StartMasterAsync();
        await scheduler.SubscribedAsync();
        await scheduler.SubscribedAsync();
        await scheduler.ReconcileAsync(("t", running.AgentId.Value), ("unknown", null), ("elsewhere", "stranger"));

        // The answer for a stranger's agent comes; those that the lost agent may still know of do not.
        await scheduler.UpdateAsync(TaskState.TaskUnknown, "elsewhere");
        await scheduler.KillAsync("t", running.AgentId.Value);
        await scheduler.ReconcileAsync(("elsewhere", "stranger"));
        await scheduler.UpdateAsync(TaskState.TaskUnknown, "elsewhere");
        Assert.DoesNotContain(scheduler.Updates.Skip(1), u => u.TaskId.Value is "t" or "unknown");

        await cluster.StartAgentAsync();
        await scheduler.OfferAsync();
        await TestCluster.UntilAsync(
            async () =>
            {
                await scheduler.ReconcileAsync(("t", running.AgentId.Value));
                return scheduler.Updates.Any(u => u.TaskId.Value == "t" && u.Reason == TaskStatus.Types.Reason.Reconciliation && u.State == TaskState.TaskRunning);
            }, "the answer after the agent's return");
    }

    [Fact]
    public async Task AgentUnreachable_TaskReconciledKilledAndBack_IsTold()
    {
        await using var cluster = await TestCluster.StartAsync(time: _time);
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        var agent = running.AgentId.Value;
        await cluster.KillAgentAsync();
        await _time.AdvanceUntilAsync(() => scheduler.Updates.Any(u => u.State == TaskState.TaskUnreachable), "UNREACHABLE", 1);
        var unreachable = await scheduler.UpdateAsync(TaskState.TaskUnreachable);
        Assert.Equal(TaskStatus.Types.Reason.AgentRemoved, unreachable.Reason);
        Assert.NotNull(unreachable.UnreachableTime);
        Assert.Null((await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Failure)).Failure.ExecutorId);

        // A kill is answered and forgotten.
        await scheduler.KillAsync("t", agent);
        await scheduler.UpdateAsync(TaskState.TaskUnreachable);
        await scheduler.ReconcileAsync(("t", agent), ("t", null));
        await scheduler.UpdateAsync(TaskState.TaskUnreachable);
        await scheduler.UpdateAsync(TaskState.TaskUnknown);

        await cluster.StartAgentAsync();
        await _time.AdvanceUntilAsync(() => scheduler.Updates.Any(u => u.Reason == TaskStatus.Types.Reason.AgentReregistered), "the return", 0.1);
        Assert.Equal(TaskState.TaskRunning, scheduler.Updates.First(u => u.Reason == TaskStatus.Types.Reason.AgentReregistered).State);
        Assert.Equal(1, cluster.Launcher.Count);
    }

    [Fact]
    public async Task AgentGone_Marked_EndsItsExecutorsAndItsId()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        using var client = new OperatorClient();
        await client.MarkAgentGoneAsync(cluster.Master.Uri, running.AgentId, Token);
        Assert.Equal(TaskStatus.Types.Reason.AgentRemovedByOperator, (await scheduler.UpdateAsync(TaskState.TaskGoneByOperator)).Reason);
        await cluster.Executors["t"].EventAsync(Mesos.V1.Executor.Event.Types.Type.Shutdown);
        await TestCluster.UntilAsync(() => cluster.Launcher.Count == 0, "the executor's end");
        await scheduler.ReconcileAsync(("t", running.AgentId.Value));
        await scheduler.UpdateAsync(TaskState.TaskGoneByOperator);

        // It comes back as another agent, with everything free.
        var offer = await scheduler.OfferOfAsync(4000);
        Assert.NotEqual(running.AgentId, offer.AgentId);
    }

    [Fact]
    public async Task Agents_NotBackAfterTheMastersStart_BecomeUnreachable()
    {
        await using var cluster = await TestCluster.StartAsync(time: _time);
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await cluster.KillAgentAsync();
        await cluster.KillMasterAsync();
        await cluster.StartMasterAsync();
        await scheduler.SubscribedAsync();
        var again = scheduler.SubscribedAsync();
        await _time.AdvanceUntilAsync(() => again.IsCompleted, "the subscription", 0.1);
        await _time.PassAsync(620, 10);
        await scheduler.ReconcileAsync(("t", running.AgentId.Value));
        await scheduler.UpdateAsync(TaskState.TaskUnreachable, "t");
    }
}
