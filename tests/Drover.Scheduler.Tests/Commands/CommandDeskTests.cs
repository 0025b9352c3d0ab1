using Drover.Api.Machines;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Commands;

public sealed class CommandDeskTests
{
    private readonly TestTurn _turns = new();
    private readonly Owner _owner = new();
    private readonly CommandDesk _desk;

    public CommandDeskTests() => _desk = new CommandDesk(_turns.Book, [_owner]);

    [Fact]
    public void Act_PendingCommand_SendsItToTheTasksExecutorEverLessOften()
    {
        Give("c1");
        var message = Assert.Single(Act()).Message;
        Assert.Equal(("uuid-m1.1", "a1"), (message.ExecutorId.Value, message.AgentId.Value));
        Assert.Empty(Act());
        Assert.Equal(_turns.Now + TimeSpan.FromMilliseconds(500), _desk.NextDue);
        _turns.Now += TimeSpan.FromMilliseconds(500);
        Assert.Single(Act());
        _turns.Now += TimeSpan.FromMilliseconds(500);
        Assert.Empty(Act());
        _turns.Now += TimeSpan.FromMilliseconds(500);
        Assert.Single(Act());
    }

    [Fact]
    public void Act_WithoutASession_SendsNothingAndAllInTheNext()
    {
        Give("c1");
        Assert.Empty(_turns.Calls(turn => _desk.Act(false, turn)));
        Act();
        _desk.Restart();
        Assert.Single(Act());
    }

    [Fact]
    public void Act_PastItsDeadline_TellsTheOwnerOnce()
    {
        Give("c1");
        _turns.Now += TimeSpan.FromMinutes(1);
        Assert.Empty(Act());
        Act();
        Assert.False(Assert.Single(_owner.Ends).Ok);
        Assert.Empty(_turns.Book.Find("m1")!.Commands);
        Assert.Null(_desk.NextDue);
    }

    [Fact]
    public void Heard_OutcomeOfOneOfTwo_EndsThatOne()
    {
        Give("c1");
        Give("c2");
        _turns.Book.Put(_turns.Book.Find("m1")! with { Report = Report("c0", "c2") });
        var turn = _turns.New();
        _desk.Heard("m1", turn);
        Assert.Equal("c2", Assert.Single(_owner.Ends).Id);
        Assert.Equal("c1", Assert.Single(turn.Changes.Requests["m1"].Commands).Command.Id);
    }

    private static StageReport Report(params string[] outcomes) =>
        new() { Stage = MachineStage.Register, Status = StageStatus.Done, Outcomes = [.. outcomes.Select(id => new CommandOutcome { Id = id, Ok = true })] };

    private IReadOnlyList<Call> Act() => _turns.Calls(turn => _desk.Act(true, turn));

    private void Give(string id)
    {
        var request = _turns.Book.Find("m1") ?? _turns.Add("m1", RequestState.Running);
        _turns.Book.Put(CommandDesk.Give(request, new MachineCommand { Id = id, Verb = "dance", TaskId = request.TaskId! }, TimeSpan.FromMinutes(1), _turns.Now));
    }

    private sealed class Owner : ICommandOwner
    {
        public List<CommandOutcome> Ends { get; } = [];

        public bool Owns(string verb) => verb == "dance";

        public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn) => Ends.Add(outcome);
    }
}
