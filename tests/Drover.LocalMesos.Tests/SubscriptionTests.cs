using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

public sealed class SubscriptionTests
{
    [Fact]
    public async Task SameId_Connected_TakesOver()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (first, _) = await cluster.RunTaskAsync("t");
        var second = cluster.NewScheduler(TestScheduler.Info(first.Id.Value));
        Assert.Equal(first.Id, (await second.SubscribedAsync()).FrameworkId);
        var stopped = (SchedulerSignal.Stopped)await first.Log.NextAsync(s => s is SchedulerSignal.Stopped, "the end of the first");
        Assert.Equal(SchedulerStopReason.FailedOver, stopped.Reason);

        // The task goes on, and the new session is offered what the old one held.
        await second.ReconcileAsync();
        await second.UpdateAsync(TaskState.TaskRunning, "t");
        await second.OfferAsync();
    }

    [Fact]
    public async Task Teardown_ItsId_IsDeadAlsoForTheNextMaster()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        using var client = new OperatorClient();
        await client.TeardownAsync(cluster.Master.Uri, scheduler.Id, TestContext.Current.CancellationToken);

        // The stream simply ends; the connection tries again and learns that its id is dead.
        var stopped = (SchedulerSignal.Stopped)await scheduler.Log.NextAsync(s => s is SchedulerSignal.Stopped, "the end");
        Assert.Equal(SchedulerStopReason.FrameworkRemoved, stopped.Reason);
        await cluster.Executors["t"].EventAsync(Mesos.V1.Executor.Event.Types.Type.Shutdown);
        await TestCluster.UntilAsync(() => cluster.Launcher.Count == 0, "the executor's end");

        await cluster.KillMasterAsync();
        await cluster.StartMasterAsync();
        var again = cluster.NewScheduler(TestScheduler.Info(scheduler.Id.Value));
        await again.Log.NextAsync(s => s is SchedulerSignal.Stopped, "the refusal");
    }

    [Fact]
    public async Task Disconnected_LongerThanItsFailoverTime_IsRemoved()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var (scheduler, _) = await cluster.RunTaskAsync("t", TestScheduler.Info(failover: 60));
        await scheduler.DisposeAsync();
        await time.PassAsync(50, 5);
        Assert.Equal(1, cluster.Launcher.Count);
        await time.AdvanceUntilAsync(() => cluster.Launcher.Count == 0, "the executor's end", 1);
        var again = cluster.NewScheduler(TestScheduler.Info(scheduler.Id.Value));
        await again.Log.NextAsync(s => s is SchedulerSignal.Stopped { Reason: SchedulerStopReason.FrameworkRemoved }, "the refusal");
    }

    [Fact]
    public async Task Disconnected_BackInTime_GoesOn()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var (scheduler, _) = await cluster.RunTaskAsync("t", TestScheduler.Info(failover: 60));
        await scheduler.DisposeAsync();
        await time.PassAsync(50, 5);
        var again = cluster.NewScheduler(TestScheduler.Info(scheduler.Id.Value, failover: 60));
        await again.SubscribedAsync();
        await time.PassAsync(50, 5);
        await again.ReconcileAsync();
        await again.UpdateAsync(TaskState.TaskRunning, "t");
    }

    [Fact]
    public async Task FailoverTimeZero_Disconnected_EndsTheTasksAtOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t", TestScheduler.Info(failover: 0));
        await scheduler.DisposeAsync();
        await cluster.Executors["t"].EventAsync(Mesos.V1.Executor.Event.Types.Type.Shutdown);
    }

    [Fact]
    public async Task ForeignId_Unknown_IsTakenAsItIs()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler(TestScheduler.Info("from-another-master-0001"));
        Assert.Equal("from-another-master-0001", (await scheduler.SubscribedAsync()).FrameworkId.Value);
    }

    [Fact]
    public async Task Principal_Changed_IsRefusedAndTheSessionSurvives()
    {
        await using var cluster = await TestCluster.StartAsync();
        var first = cluster.NewScheduler();
        var id = (await first.SubscribedAsync()).FrameworkId.Value;
        var info = TestScheduler.Info(id);
        info.Principal = "other";
        var second = cluster.NewScheduler(info);
        var refused = (SchedulerSignal.Disconnected)await second.Log.NextAsync(s => s is SchedulerSignal.Disconnected, "the refusal");
        Assert.Contains("principal", refused.Reason, StringComparison.Ordinal);
        await first.ReviveAsync();
    }

    [Fact]
    public async Task Heartbeats_Sent_KeepTheStreamAlive()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var scheduler = cluster.NewScheduler();
        await scheduler.SubscribedAsync();
        await time.PassAsync(300, 3);
        Assert.DoesNotContain(scheduler.Log.All, s => s is SchedulerSignal.Disconnected);
    }
}
