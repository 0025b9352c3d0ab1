using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tasks;
using Drover.Scheduler.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tests.Tasks;

public sealed class TaskTrackerTests
{
    private readonly TestTurn _turns = new();
    private readonly TaskTracker _tracker;

    public TaskTrackerTests() => _tracker = new TaskTracker(
        _turns.Book, _turns.Pool, new PoolTracker(_turns.Pool, new PoolBackoff(), new AgentMemory(), NullLogger.Instance), new CommandDesk(_turns.Book, []), new DiskMoves(_turns.Book, new SchedulerOptions()), new StrayTasks(), NullLogger.Instance);

    [Fact]
    public void Receive_UpdateWithUuid_IsStoredInTheTurnThatAcknowledges()
    {
        _turns.Add("m1", RequestState.Offered);
        var status = Executor(TaskState.TaskStarting);
        var turn = Receive(status);
        Assert.Equal("TASK_STARTING", turn.Changes.Requests["m1"].Task!.State);
        Assert.Equal(status.Uuid, Assert.Single(turn.Calls).Acknowledge.Uuid);
    }

    [Fact]
    public void Receive_SameUpdateAgain_OnlyAcknowledges()
    {
        _turns.Add("m1", RequestState.Offered);
        var status = Executor(TaskState.TaskStarting);
        Receive(status);
        var turn = Receive(status);
        Assert.True(turn.Changes.IsEmpty);
        Assert.Equal(Call.Types.Type.Acknowledge, Assert.Single(turn.Calls).Type);
    }

    [Fact]
    public void Receive_AnswerWithoutUuid_IsNotAcknowledged()
    {
        _turns.Add("m1", RequestState.Running);
        Assert.Empty(Receive(new TaskStatus { TaskId = Id, AgentId = Agent, State = TaskState.TaskRunning }).Calls);
    }

    [Fact]
    public void Receive_DataThatIsNoReport_CountsByItsState()
    {
        _turns.Add("m1", RequestState.Offered);
        var status = Executor(TaskState.TaskRunning);
        status.Data = Google.Protobuf.ByteString.CopyFromUtf8("not json");
        Receive(status);
        Assert.Equal(RequestState.Running, _turns.Book.Find("m1")!.State);
    }

    [Fact]
    public void Receive_UnreachableThenRunning_IsWellAgain()
    {
        _turns.Add("m1", RequestState.Running);
        Receive(new TaskStatus { TaskId = Id, AgentId = Agent, State = TaskState.TaskUnreachable });
        Assert.NotNull(_turns.Book.Find("m1")!.LostSince);
        Receive(new TaskStatus { TaskId = Id, AgentId = Agent, State = TaskState.TaskRunning });
        Assert.Null(_turns.Book.Find("m1")!.LostSince);
    }

    [Fact]
    public void Receive_StatusOfAnEarlierAttempt_DoesNotTouchTheRequest()
    {
        _turns.Book.Put(_turns.Add("m1", RequestState.Running) with { Attempt = 2 });
        var turn = Receive(Executor(TaskState.TaskFailed));
        Assert.True(turn.Changes.IsEmpty);
        Assert.Equal(RequestState.Running, _turns.Book.Find("m1")!.State);
    }

    [Fact]
    public void Receive_Dropped_WaitsLongerEachTimeAndPreparesAnew()
    {
        var delays = new List<double>();
        for (var drop = 0; drop < 4; drop++)
        {
            var request = _turns.Add("m1", RequestState.Offered);
            _turns.Book.Put(request with { Drops = drop });
            var turn = Receive(new TaskStatus { TaskId = Id, AgentId = Agent, State = TaskState.TaskDropped, Reason = TaskStatus.Types.Reason.ExecutorTerminated });
            var next = turn.Changes.Requests["m1"];
            Assert.Equal((RequestState.Queued, drop + 1), (next.State, next.Drops));
            Assert.Contains("m1", turn.ToPrepare);
            delays.Add((next.NotBefore - _turns.Now)!.Value.TotalSeconds);
        }

        Assert.Equal([1, 2, 4, 8], delays);
    }

    private static TaskID Id => new() { Value = "uuid-m1.1" };

    private static AgentID Agent => new() { Value = "a1" };

    private static TaskStatus Executor(TaskState state) =>
        new() { TaskId = Id, AgentId = Agent, State = state, Source = TaskStatus.Types.Source.Executor, Uuid = MesosUuid.Create() };

    private Turn Receive(TaskStatus status)
    {
        var turn = _turns.New();
        _tracker.Receive(status, turn);
        return turn;
    }
}
