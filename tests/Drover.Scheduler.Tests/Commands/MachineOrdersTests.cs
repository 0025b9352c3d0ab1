using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Commands;

/// <summary>The server's wishes about running machines.</summary>
public sealed class MachineOrdersTests
{
    private readonly TestTurn _turns = new();
    private readonly MachineOrders _orders;
    private readonly CommandDesk _desk;

    public MachineOrdersTests()
    {
        _orders = new MachineOrders(_turns.Book, new SchedulerOptions { CattleUrl = "http://server:8080/v1", ProgramsDirectory = "programs", ImagesDirectory = "images" });
        _desk = new CommandDesk(_turns.Book, [_orders]);
        _turns.Add("m1", RequestState.Running);
    }

    [Fact]
    public void Wish_OfARunningMachine_IsStoredAsACommand_AndSentOnce()
    {
        Receive(Event("e1", "c1", "snapshot", new JsonObject { ["name"] = "a" }));
        var request = _turns.Book.Find("m1")!;
        var command = Assert.Single(request.Commands).Command;
        Assert.Equal(("c1", "snapshot", "uuid-m1.1", "a"), (command.Id, command.Verb, command.TaskId, (string?)command.Arguments!["name"]));
        Assert.Equal(new MachineOrder("c1", "snapshot", new PendingReply("e1", "reply.e1")), request.Order);

        // The same wish in a new event: no second command, the answer goes to the newer.
        Receive(Event("e2", "c1", "snapshot"));
        request = _turns.Book.Find("m1")!;
        Assert.Single(request.Commands);
        Assert.Equal("reply.e2", request.Order!.Reply!.ReplyTo);
    }

    [Fact]
    public void Outcome_OfACommand_IsTheAnswer_WithTheFieldsThatItTells()
    {
        Receive(Event("e1", "c1", "snapshot"));
        var answer = Assert.Single(Hear(new CommandOutcome { Id = "c1", Ok = true, Data = new JsonObject { ["snapshots"] = new JsonArray("s"), ["state"] = "evil" } }));
        Assert.Equal("reply.e1", (string?)answer["name"]);
        Assert.Equal("""{"snapshots":["s"]}""", answer["data"]!["+data"]!["+fields"]!.ToJsonString());
        var request = _turns.Book.Find("m1")!;
        Assert.Null(request.Order);
        Assert.Empty(request.Commands);

        // Asked again after the answer was lost: told again, not done again.
        Assert.Equal("reply.e2", (string?)Assert.Single(Receive(Event("e2", "c1", "snapshot")))["name"]);
        Assert.Empty(_turns.Book.Find("m1")!.Commands);
    }

    [Fact]
    public void Failure_OfACommand_IsAnErrorWithItsCause()
    {
        Receive(Event("e1", "c1", "stop"));
        var answer = Assert.Single(Hear(new CommandOutcome { Id = "c1", Ok = false, Message = "QEMU refused." }));
        Assert.Equal(("error", "QEMU refused."), ((string?)answer["transitioning"], (string?)answer["transitioningMessage"]));
    }

    [Theory]
    [InlineData("m1", "dance")]
    [InlineData("m2", "stop")]
    [InlineData("m3", "stop")]
    public void Wish_ThatCannotBe_IsRefusedAtOnce(string machine, string verb)
    {
        _turns.Add("m2", RequestState.Launching);
        var answer = Assert.Single(Receive(Event("e1", "c1", verb, machine: machine)));
        Assert.Equal("error", (string?)answer["transitioning"]);
    }

    [Fact]
    public void NewerWish_TakesTheAnswerOverFromAnOlderOne()
    {
        Receive(Event("e1", "c1", "stop"));
        Receive(Event("e2", "c2", "reboot"));
        Assert.Empty(Hear(new CommandOutcome { Id = "c1", Ok = true }));
        Assert.Equal("reply.e2", (string?)Assert.Single(Hear(new CommandOutcome { Id = "c2", Ok = true }))["name"]);
    }

    private static CattleEvent Event(string id, string command, string verb, JsonObject? arguments = null, string machine = "m1") => new(new JsonObject
    {
        ["id"] = id,
        ["name"] = "physicalhost.update;handler=droverMesos",
        ["replyTo"] = $"reply.{id}",
        ["resourceId"] = machine,
        ["data"] = new JsonObject { ["command"] = new JsonObject { ["id"] = command, ["verb"] = verb, ["arguments"] = arguments ?? [] } },
    });

    private IReadOnlyList<JsonObject> Receive(CattleEvent e)
    {
        var turn = _turns.New();
        _orders.Receive(e, turn);
        return [.. turn.Changes.Outbox.Select(o => o.Body)];
    }

    private IReadOnlyList<JsonObject> Hear(CommandOutcome outcome)
    {
        _turns.Book.Put(_turns.Book.Find("m1")! with { Report = new StageReport { Stage = MachineStage.Register, Status = StageStatus.Done, Outcomes = [outcome] } });
        var turn = _turns.New();
        _desk.Heard("m1", turn);
        return [.. turn.Changes.Outbox.Select(o => o.Body)];
    }
}
