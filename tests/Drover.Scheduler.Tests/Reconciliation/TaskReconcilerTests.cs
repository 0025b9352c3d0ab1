using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Reconciliation;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tasks;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Reconciliation;

public sealed class TaskReconcilerTests
{
    private readonly TestTurn _turns = new();
    private readonly TaskReconciler _reconciler;

    public TaskReconcilerTests() => _reconciler = new TaskReconciler(new OwnedTasks(_turns.Book, _turns.Pool));

    [Fact]
    public void Connected_WithoutTasks_AsksForEverythingAndIsWarmAfterItSettled()
    {
        Assert.Empty(Assert.Single(_turns.Calls(_reconciler.Connected)).Reconcile.Tasks);
        Assert.False(_reconciler.IsWarm);
        Assert.Empty(After(5));
        Assert.True(_reconciler.IsWarm);
    }

    [Fact]
    public void Connected_WithTasks_AsksByNameAndAgentUntilEachWasHeardOf()
    {
        _turns.Add("m1", RequestState.Running, "a1");
        _turns.Add("m2", RequestState.Offered, "a2");
        var asked = Assert.Single(_turns.Calls(_reconciler.Connected)).Reconcile.Tasks;
        Assert.Equal(["uuid-m1.1@a1", "uuid-m2.1@a2"], asked.Select(t => $"{t.TaskId.Value}@{t.AgentId.Value}").Order(StringComparer.Ordinal));

        _reconciler.Heard("uuid-m1.1");
        Assert.Empty(After(4));
        Assert.Equal("uuid-m2.1", Assert.Single(Assert.Single(After(1)).Reconcile.Tasks).TaskId.Value);
        _reconciler.Heard("uuid-m2.1");
        Assert.Empty(Assert.Single(After(10)).Reconcile.Tasks);
    }

    [Fact]
    public void Act_NoAnswer_AsksWithDoublingDelaysUpToFiveMinutes()
    {
        _turns.Add("m1", RequestState.Running);
        _turns.Calls(_reconciler.Connected);
        foreach (var delay in new[] { 5, 10, 20, 40, 80, 160, 300, 300 })
        {
            Assert.Empty(After(delay - 1));
            Assert.Single(After(1));
            Assert.False(_reconciler.IsWarm);
        }
    }

    [Fact]
    public void Act_AfterAWhile_BeginsAnew()
    {
        _turns.Calls(_reconciler.Connected);
        After(5);
        Assert.Single(After(15 * 60));
        Assert.True(_reconciler.IsWarm);
    }

    [Fact]
    public void Act_LaunchWithoutAWord_IsAskedForAfterHalfAMinute()
    {
        _turns.Calls(_reconciler.Connected);
        After(5);
        _turns.Add("m1", RequestState.Offered);
        Assert.Empty(After(29));
        Assert.Equal("uuid-m1.1", Assert.Single(Assert.Single(After(1)).Reconcile.Tasks).TaskId.Value);
        Assert.Empty(After(1));
    }

    [Fact]
    public void Connected_ManyTasks_AsksInBatchesAndNeverAnEmptyOne()
    {
        for (var i = 0; i < 2001; i++)
        {
            _turns.Add($"m{i}", RequestState.Running);
        }

        Assert.Equal([1000, 1000, 1], _turns.Calls(_reconciler.Connected).Select(c => c.Reconcile.Tasks.Count));
    }

    [Fact]
    public void Act_Disconnected_IsSilentAndCold()
    {
        _turns.Calls(_reconciler.Connected);
        After(5);
        _reconciler.Disconnected();
        Assert.False(_reconciler.IsWarm);
        Assert.Empty(After(3600));
    }

    private IReadOnlyList<Call> After(int seconds)
    {
        _turns.Now += TimeSpan.FromSeconds(seconds);
        return _turns.Calls(_reconciler.Act);
    }
}
