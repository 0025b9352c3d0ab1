using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Commands;

/// <summary>The server's wish that an executor dials it for a console.</summary>
public sealed class ConsoleOrdersTests
{
    private readonly TestTurn _turns = new();

    [Fact]
    public void Wish_BecomesACommandOfSeconds_WithTheAddressWhereTheServerWaits()
    {
        var (orders, _) = Desk(new SchedulerOptions { CattleUrl = "https://server:8080/v1/" });
        Assert.Empty(Receive(orders, "e1", "c1"));
        var pending = Assert.Single(_turns.Book.Find("m1")!.Commands);
        Assert.Equal(("c1", "console", "uuid-m1.1", "serial", "s3cret"), (pending.Command.Id, pending.Command.Verb, pending.Command.TaskId, (string?)pending.Command.Arguments!["kind"], (string?)pending.Command.Arguments["secret"]));
        Assert.Equal("wss://server:8080/v1/consoles/c1/machine", (string?)pending.Command.Arguments["url"]);
        Assert.Equal(TimeSpan.FromSeconds(10), pending.Deadline - pending.Since);

        // Twice: nothing more.
        Receive(orders, "e2", "c1");
        Assert.Single(_turns.Book.Find("m1")!.Commands);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9000/", null, "ws://127.0.0.1:8080/v1/consoles/c1/machine")]
    [InlineData("http://192.0.2.7:9000/", null, "ws://192.0.2.7:8080/v1/consoles/c1/machine")]
    [InlineData(null, "10.0.0.1", "ws://10.0.0.1:8080/v1/consoles/c1/machine")]
    [InlineData(null, null, "ws://127.0.0.1:8080/v1/consoles/c1/machine")]
    public void Address_ThatOnlyThisComputerKnows_IsReplacedByOneThatOthersReach(string? advertised, string? replacement, string expected)
    {
        var (orders, _) = Desk(new SchedulerOptions { CattleUrl = "http://127.0.0.1:8080/v1", AdvertisedUrl = advertised is null ? null : new Uri(advertised), LocalhostReplacement = replacement });
        Receive(orders, "e1", "c1");
        Assert.Equal(expected, (string?)Assert.Single(_turns.Book.Find("m1")!.Commands).Command.Arguments!["url"]);
    }

    [Fact]
    public void Outcome_IsTheAnswer()
    {
        var (orders, desk) = Desk(new SchedulerOptions { CattleUrl = "http://server:8080/v1" });
        Receive(orders, "e1", "c1");
        Receive(orders, "e2", "c2");
        var request = _turns.Book.Find("m1")!;
        _turns.Book.Put(request with { Report = new StageReport { Stage = MachineStage.Register, Status = StageStatus.Done, Outcomes = [new() { Id = "c1", Ok = false, Message = "no screen" }, new() { Id = "c2", Ok = true }] } });
        var answers = Replies(turn => desk.Heard("m1", turn));
        Assert.Equal([("reply.e1", "error", "no screen"), ("reply.e2", null, null)], answers.Select(a => ((string?)a["name"], (string?)a["transitioning"], (string?)a["transitioningMessage"])));
        Assert.Empty(_turns.Book.Find("m1")!.Commands);
    }

    [Fact]
    public void Wish_OfAMachineThatDoesNotRun_IsRefusedAtOnce()
    {
        var (orders, _) = Desk(new SchedulerOptions { CattleUrl = "http://server:8080/v1" });
        Assert.Equal("error", (string?)Assert.Single(Receive(orders, "e1", "c1", "m9"))["transitioning"]);
    }

    private (ConsoleOrders Orders, CommandDesk Desk) Desk(SchedulerOptions options)
    {
        var orders = new ConsoleOrders(_turns.Book, options);
        _turns.Add("m1", RequestState.Running);
        return (orders, new CommandDesk(_turns.Book, [orders]));
    }

    private IReadOnlyList<JsonObject> Receive(ConsoleOrders orders, string e, string id, string machine = "m1") => Replies(turn => orders.Receive(new CattleEvent(new JsonObject
    {
        ["id"] = e,
        ["name"] = "physicalhost.stream;handler=droverMesos",
        ["replyTo"] = $"reply.{e}",
        ["resourceId"] = machine,
        ["data"] = new JsonObject { ["id"] = id, ["kind"] = "serial", ["path"] = $"consoles/{id}/machine", ["secret"] = "s3cret" },
    }), turn));

    private IReadOnlyList<JsonObject> Replies(Action<Turn> act)
    {
        var turn = _turns.New();
        act(turn);
        return [.. turn.Changes.Outbox.Select(o => o.Body)];
    }
}
