using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tasks;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Tasks;

public sealed class TaskKillerTests
{
    private readonly TestTurn _turns = new();
    private readonly StrayTasks _strays = new();
    private readonly TaskKiller _killer;

    public TaskKillerTests() => _killer = new TaskKiller(_turns.Book, _turns.Pool, _strays, new SchedulerOptions { ShutdownGrace = TimeSpan.FromSeconds(7) });

    [Fact]
    public void Act_Stopping_KillsWithAgentAndGraceAndRepeatsMoreAndMoreRarely()
    {
        _turns.Add("m1", RequestState.Stopping);
        var kill = Assert.Single(Act()).Kill;
        Assert.Equal(("uuid-m1.1", "a1", 7_000_000_000L), (kill.TaskId.Value, kill.AgentId.Value, kill.KillPolicy.GracePeriod.Nanoseconds));
        foreach (var delay in new[] { 5, 10, 20, 40, 60, 60 })
        {
            Assert.Equal(_turns.Now + TimeSpan.FromSeconds(delay), _killer.NextDue);
            _turns.Now += TimeSpan.FromSeconds(delay - 1);
            Assert.Empty(Act());
            _turns.Now += TimeSpan.FromSeconds(1);
            Assert.Single(Act());
        }
    }

    [Fact]
    public void Act_NewSession_KillsAtOnceAgain()
    {
        _turns.Add("m1", RequestState.Stopping);
        Act();
        Assert.Empty(Act(connected: false));
        _killer.Restart();
        Assert.Single(Act());
    }

    [Fact]
    public void Act_AgentLostForLong_AnswersTheRemoval()
    {
        var request = _turns.Add("m1", RequestState.Stopping) with { LostSince = _turns.Now, Remove = new PendingReply("e", "reply.1") };
        _turns.Book.Put(request);
        Act();
        _turns.Now += TimeSpan.FromMinutes(2);
        var turn = _turns.New();
        _killer.Act(connected: true, warm: true, turn);
        Assert.Equal(RequestState.Gone, _turns.Book.Find("m1")!.State);
        Assert.Equal("reply.1", (string?)Assert.Single(turn.Changes.Outbox).Body["name"]);
    }

    [Fact]
    public void Act_StrayTask_IsKilledOnlyOnceReconciled()
    {
        _strays.Seen(Status("old.1", TaskState.TaskRunning));
        Assert.Empty(Act(warm: false));
        Assert.Equal("old.1", Assert.Single(Act()).Kill.TaskId.Value);
        _strays.Seen(Status("old.1", TaskState.TaskKilled));
        Assert.Empty(_strays.Alive);
    }

    [Theory]
    [InlineData(TaskState.TaskUnknown)]
    [InlineData(TaskState.TaskUnreachable)]
    [InlineData(TaskState.TaskGone)]
    public void Seen_StrayThatCannotBeReached_IsNotKilled(TaskState state)
    {
        _strays.Seen(Status("old.1", state));
        Assert.Empty(Act());
    }

    private static Mesos.V1.TaskStatus Status(string id, TaskState state) => new() { TaskId = new TaskID { Value = id }, AgentId = new AgentID { Value = "a1" }, State = state };

    private IReadOnlyList<Call> Act(bool connected = true, bool warm = true) => _turns.Calls(turn => _killer.Act(connected, warm, turn));
}
