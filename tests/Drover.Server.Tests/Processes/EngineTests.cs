using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Processes;

/// <summary>The dispatch algorithm of cattle-api §2.5 against scripted handlers on a clock that the test moves.</summary>
public class EngineTests
{
    private static readonly JsonObject ThreeTries = new() { ["retries"] = 3, ["timeoutMillis"] = 10_000 };

    [Fact]
    public async Task Create_WithoutAnyHandler_WaitsAndSaysSo()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        var waiting = await TestServer.WaitAsync(server.Project, "machines", machine.Id, m => m.TransitioningMessage?.Contains("no scheduler", StringComparison.Ordinal) == true, "waiting for a scheduler");
        Assert.Equal("no scheduler is connected (no external handler for physicalhost.create)", waiting.TransitioningMessage);
        Assert.Equal("creating", waiting.State);
        server.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("creating", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);

        await using var scheduler = await ScriptedHandler.StartAsync(server);
        Assert.Equal(machine.Id, (await scheduler.NextAsync()).ResourceId);
    }

    [Fact]
    public async Task Handler_Silent_GetsTheSameEventAgainThenANewOne()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server, also: ThreeTries);
        await server.MachineAsync("m");
        var first = await scheduler.NextAsync();
        Assert.Equal(10_000, (long)first.Json["timeoutMillis"]!);
        for (var retry = 0; retry < 2; retry++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(10));
            var again = await scheduler.NextAsync();
            Assert.Equal((first.Id, first.ReplyTo), (again.Id, again.ReplyTo));
        }

        server.Time.Advance(TimeSpan.FromSeconds(10));
        await server.ProcessAsync("physicalhost.create", p => p.Text("phase") == "handlers");
        Assert.False(scheduler.HasEvent);
        server.Time.Advance(TimeSpan.FromSeconds(2.2));
        var next = await scheduler.NextAsync();
        Assert.NotEqual(first.Id, next.Id);
        Assert.Equal(first.ResourceId, next.ResourceId);
    }

    [Fact]
    public async Task Progress_BeforeTheDeadline_RestartsTheClock()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server, also: new JsonObject { ["timeoutMillis"] = 10_000 });
        var machine = await server.MachineAsync("m");
        var create = await scheduler.NextAsync();
        for (var i = 0; i < 5; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(9));
            await scheduler.ReplyAsync(create, CattleReply.InProgress($"step {i}", i));
        }

        await scheduler.ReplyAsync(create, CattleReply.Done());
        Assert.Equal("physicalhost.bootstrap", (await scheduler.NextAsync()).BaseName);
        Assert.Equal("bootstrapping", (await server.WaitForStateAsync(machine.Id, "bootstrapping")).State);
    }

    [Fact]
    public async Task Reply_WithAnotherPreviousId_IsIgnored()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var create = await scheduler.NextAsync();
        await server.Service.SendAsync(HttpMethod.Post, "publish", new JsonObject { ["name"] = create.ReplyTo, ["previousIds"] = new JsonArray("other", create.Id) }, TestServer.Token);
        await server.Service.SendAsync(HttpMethod.Post, "publish", new JsonObject { ["name"] = create.ReplyTo }, TestServer.Token);
        Assert.Equal("creating", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
        Assert.Equal("waiting", (await server.ProcessAsync("physicalhost.create", _ => true)).Text("phase"));
    }

    [Fact]
    public async Task Reply_TwiceAndLate_CountsOnce()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var create = await scheduler.NextAsync();
        await scheduler.ReplyAsync(create, CattleReply.Done());
        await scheduler.ReplyAsync(create, CattleReply.Done());
        await scheduler.ReplyAsync(create, CattleReply.InProgress("late words", 99));
        await scheduler.ReplyAsync(create, CattleReply.Failed("late failure"));
        var bootstrap = await scheduler.NextAsync();
        Assert.Equal("physicalhost.bootstrap", bootstrap.BaseName);
        Assert.False(scheduler.HasEvent);
        var seen = (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!;
        Assert.Equal("bootstrapping", seen.State);
        Assert.DoesNotContain("late", seen.TransitioningMessage ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reply_ToAnEarlierRun_IsTolerated()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server, also: new JsonObject { ["timeoutMillis"] = 10_000 });
        await server.MachineAsync("m");
        var first = await scheduler.NextAsync();
        server.Time.Advance(TimeSpan.FromSeconds(10));
        await server.ProcessAsync("physicalhost.create", p => p.Text("phase") == "handlers");
        server.Time.Advance(TimeSpan.FromSeconds(3));
        var second = await scheduler.NextAsync();
        await scheduler.ReplyAsync(first, CattleReply.Done());
        Assert.Equal("waiting", (await server.ProcessAsync("physicalhost.create", _ => true)).Text("phase"));
        await scheduler.ReplyAsync(second, CattleReply.Done());
        Assert.Equal("physicalhost.bootstrap", (await scheduler.NextAsync()).BaseName);
    }

    [Fact]
    public async Task Reply_Error_StartsTheErrorProcessAndKeepsTheText()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var failure = new JsonObject { ["+data"] = new JsonObject { ["+fields"] = new JsonObject { ["failure"] = new JsonObject { ["stage"] = "boot", ["cause"] = "no kernel", ["console"] = new JsonArray("panic") } } } };
        await scheduler.ReplyAsync(await scheduler.NextAsync(), CattleReply.Failed("boot: no kernel", failure));
        var error = await server.WaitForStateAsync(machine.Id, "error");
        Assert.Equal(("error", "boot: no kernel"), (error.Transitioning, error.TransitioningMessage));
        Assert.Equal("panic", (string?)error.Object("failure")!["console"]![0]);
        var create = await server.ProcessAsync("physicalhost.create", _ => true);
        Assert.Equal(("ERROR", "boot: no kernel"), (create.Text("exitReason"), create.Text("message")));
        Assert.Equal("DONE", (await server.ProcessAsync("physicalhost.error", p => p.Text("endTime") is not null)).Text("exitReason"));
    }

    [Fact]
    public async Task Handlers_OfDifferentPriority_AreCalledInOrderAndAll()
    {
        await using var server = await TestServer.StartAsync();
        await using var late = await ScriptedHandler.StartAsync(server, name: "late", processes: ["physicalhost.create"], also: new JsonObject { ["priority"] = 2000 });
        await using var early = await ScriptedHandler.StartAsync(server, name: "early", processes: ["physicalhost.create"], also: new JsonObject { ["priority"] = 500 });
        var machine = await server.MachineAsync("m");
        var one = await early.NextAsync();
        Assert.False(late.HasEvent);
        await early.ReplyAsync(one, CattleReply.Done());
        var two = await late.NextAsync();
        Assert.Equal("creating", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
        await late.ReplyAsync(two, CattleReply.Done());
        await server.WaitForStateAsync(machine.Id, "bootstrapping");
    }

    [Fact]
    public async Task Handler_SubscribesAgain_GetsItsPendingEventAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        var before = await ScriptedHandler.StartAsync(server);
        await server.MachineAsync("m");
        var lost = await before.NextAsync();
        await before.DisposeAsync();
        await using var after = await ScriptedHandler.StartAsync(server, register: false);
        var again = await after.NextAsync();
        Assert.Equal((lost.Id, lost.ReplyTo), (again.Id, again.ReplyTo));
        await after.ReplyAsync(again, CattleReply.Done());
        Assert.Equal("physicalhost.bootstrap", (await after.NextAsync()).BaseName);
    }

    [Fact]
    public async Task Handler_ReplacedByANewOne_TheNewOneIsAskedAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        await server.MachineAsync("m");
        var lost = await scheduler.NextAsync();

        // As every Go event router does at its start (cattle-api §2.6).
        var old = (await server.Service.ListAsync("externalhandlers", [new("name", "droverMesos"), new("state", "active")], TestServer.Token)).Single();
        Assert.Equal("inactive", (await server.Service.ActionAsync("externalhandlers", old.Id, "deactivate", null, TestServer.Token)).State);
        Assert.Equal("removed", (await server.Service.ActionAsync("externalhandlers", old.Id, "remove", null, TestServer.Token)).State);
        Assert.Equal("removed", (await server.Service.GetAsync("externalhandlers", old.Id, TestServer.Token))!.State);
        await scheduler.RegisterAsync(ScriptedHandler.MachineProcesses);
        var next = await scheduler.NextAsync();
        Assert.NotEqual(lost.Id, next.Id);
        Assert.Equal(lost.ResourceId, next.ResourceId);
    }

    [Fact]
    public async Task Bootstrap_NoHostComes_FailsWithTheReason()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server, _ => CattleReply.Done());
        var machine = await server.MachineAsync("m");
        await server.ProcessAsync("physicalhost.bootstrap", p => p.Text("phase") == "completing" && p.Text("message") is not null);
        server.Time.Advance(TimeSpan.FromMinutes(10));
        var error = await server.WaitForStateAsync(machine.Id, "error");
        Assert.Equal("The machine runs; its agent has yet to register. It did not happen within 10 minutes.", error.TransitioningMessage);
    }

    [Fact]
    public async Task Machine_LostWhileActive_ServiceReportsItWithTheErrorAction()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var failed = await server.Service.ActionAsync("machines", machine.Id, "error", new JsonObject { ["message"] = "QEMU died", ["data"] = new JsonObject { ["failure"] = new JsonObject { ["stage"] = "run" } } }, TestServer.Token);
        Assert.Equal("erroring", failed.State);
        var error = await server.WaitForStateAsync(machine.Id, "error");
        Assert.Equal(("error", "QEMU died", "run"), (error.Transitioning, error.TransitioningMessage, (string?)error.Object("failure")!["stage"]));
        Assert.Equal(403, (await TestServer.RefusedAsync(() => server.Project.ActionAsync("machines", machine.Id, "error", null, TestServer.Token))).Status);
    }
}
