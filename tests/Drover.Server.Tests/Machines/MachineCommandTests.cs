using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Machines;

/// <summary>Actions on a machine that is there: switching, growing, snapshots.</summary>
public class MachineCommandTests
{
    private static readonly string[] Processes =
        [.. ScriptedHandler.MachineProcesses, "physicalhost.stop", "physicalhost.start", "physicalhost.reboot", "physicalhost.update", "physicalhost.updatestopped", "physicalhost.resize", "physicalhost.resizestopped"];

    [Fact]
    public async Task Stop_ThenStart_GoesThroughTheHandlerAndBack()
    {
        await using var lab = await Lab.StartAsync();
        Assert.Equal("stopping", (await lab.ActAsync("stop", new JsonObject { ["force"] = true })).State);
        var stop = await lab.NextAsync("physicalhost.stop");
        Assert.Equal(("stop", true), ((string?)Wish(stop)["verb"], (bool?)Wish(stop)["arguments"]!["force"]));
        await lab.Handler.ReplyAsync(stop, CattleReply.Done());
        var stopped = await lab.WaitAsync("stopped");
        Assert.Equal(("no", null), (stopped.Transitioning, stopped.ActionUrl("stop")));
        Assert.NotNull(stopped.ActionUrl("start"));

        await lab.ActAsync("start");
        await lab.Handler.ReplyAsync(await lab.NextAsync("physicalhost.start"), CattleReply.Done());
        await lab.WaitAsync("active");
    }

    [Fact]
    public async Task Start_IsDoneOnlyWhenTheHostsLinkStandsAgain()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("reboot");
        await lab.Agent.DisposeAsync();
        await TestServer.WaitAsync(lab.Server.Service, "hosts", lab.Machine.Text("hostId")!, h => h.Text("agentState") == "reconnecting", "reconnecting");
        await lab.Handler.ReplyAsync(await lab.NextAsync("physicalhost.reboot"), CattleReply.Done());
        var waiting = await lab.Server.ProcessAsync("physicalhost.reboot", p => p.Text("exitReason") is null && p.Json.ToJsonString().Contains("has yet to come up", StringComparison.Ordinal));
        Assert.NotNull(waiting);
        Assert.Equal("rebooting", (await lab.WaitAsync("rebooting")).State);
    }

    [Fact]
    public async Task Snapshot_OfTheHandlersAnswer_IsShown_AndItsNameIsTaken()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("snapshot", new JsonObject { ["name"] = "before" });
        var e = await lab.NextAsync("physicalhost.update");
        Assert.Equal("before", (string?)Wish(e)["arguments"]!["name"]);
        await lab.Handler.ReplyAsync(e, CattleReply.Done(Snapshots("before")));
        var machine = await lab.WaitAsync("active");
        Assert.Equal("before", (string?)Assert.Single(machine.Array("snapshots")!)!["name"]);

        var taken = await TestServer.RefusedAsync(() => lab.ActAsync("snapshot", new JsonObject { ["name"] = "before" }));
        Assert.Equal((422, "NotUnique", "name"), (taken.Status, taken.Code, taken.FieldName));
        var unknown = await TestServer.RefusedAsync(() => lab.ActAsync("restore", new JsonObject { ["name"] = "other" }));
        Assert.Equal("InvalidReference", unknown.Code);
        Assert.Contains("it has before", unknown.Detail!, StringComparison.Ordinal);

        await lab.ActAsync("restore", new JsonObject { ["name"] = "before" });
        Assert.Equal("restore", (string?)Wish(await lab.NextAsync("physicalhost.update"))["verb"]);
    }

    [Fact]
    public async Task Command_ThatFails_ReturnsToTheStateBefore_AndSaysWhy()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("snapshot");
        await lab.Handler.ReplyAsync(await lab.NextAsync("physicalhost.update"), CattleReply.Failed("The disk of the computer is full."));
        var machine = await lab.WaitAsync("active");
        Assert.Equal(("error", "The disk of the computer is full."), (machine.Transitioning, machine.TransitioningMessage));
        await lab.ActAsync("stop");
        Assert.Equal("yes", (await lab.WaitAsync("stopping")).Transitioning);
    }

    [Fact]
    public async Task Command_SentAgainAfterTheTimeOut_KeepsItsId()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("stop");
        var first = await lab.NextAsync("physicalhost.stop");
        lab.Server.Time.Advance(TimeSpan.FromSeconds(46));
        await lab.Server.ProcessAsync("physicalhost.stop", p => p.Json.ToJsonString().Contains("No answer to", StringComparison.Ordinal));
        lab.Server.Time.Advance(TimeSpan.FromSeconds(3));
        var again = await lab.NextAsync("physicalhost.stop");
        Assert.NotEqual(first.Id, again.Id);
        Assert.Equal((string?)Wish(first)["id"], (string?)Wish(again)["id"]);
    }

    [Fact]
    public async Task Command_ThatNobodyCarriesOut_FailsAfterItsTime()
    {
        await using var lab = await Lab.StartAsync(processes: ScriptedHandler.MachineProcesses);
        await lab.ActAsync("stop");
        var waiting = await TestServer.WaitAsync(lab.Server.Service, "machines", lab.Machine.Id, m => m.TransitioningMessage?.Contains("no scheduler", StringComparison.Ordinal) == true, "waiting for a scheduler");
        Assert.Equal("stopping", waiting.State);
        lab.Server.Time.Advance(TimeSpan.FromMinutes(31));
        var machine = await lab.WaitAsync("active");
        Assert.Equal("error", machine.Transitioning);
        Assert.Contains("no scheduler is connected", machine.TransitioningMessage!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("snapshot")]
    public async Task Delete_InTheMiddleOfACommand_Removes(string verb)
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync(verb);
        await lab.Server.Project.DeleteAsync("machines", lab.Machine.Id, TestServer.Token);
        CattleEvent e;
        do
        {
            e = await lab.Handler.NextAsync();
        }
        while (e.BaseName != "physicalhost.remove");
        await lab.Handler.ReplyAsync(e, CattleReply.Done());
        await lab.WaitAsync("removed");
    }

    [Fact]
    public async Task Resize_OfTheDisk_IsShownOnceItIsDone()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("resize", new JsonObject { ["disk"] = "20GiB" });
        var e = await lab.NextAsync("physicalhost.update");
        Assert.Equal(20L << 30, (long?)Wish(e)["arguments"]!["disk"]);
        Assert.Equal("10GiB", (string?)(await lab.WaitAsync("updating")).Object("mesosConfig")!["disk"]);
        await lab.Handler.ReplyAsync(e, CattleReply.Done());
        Assert.Equal("20GiB", (string?)(await lab.WaitAsync("active")).Object("mesosConfig")!["disk"]);
    }

    [Fact]
    public async Task Resize_OfCpusAndMemory_MayBeAskedForAnewWhileItIsUnderWay()
    {
        await using var lab = await Lab.StartAsync();
        Assert.Equal("resizing", (await lab.ActAsync("resize", new JsonObject { ["cpus"] = 64, ["memory"] = "2GiB" })).State);
        var first = await lab.NextAsync("physicalhost.resize");
        Assert.Equal((64000L, 2L << 30), ((long?)Wish(first)["arguments"]!["milliCpus"], (long?)Wish(first)["arguments"]!["memoryBytes"]));
        Assert.Equal("1", lab.Machine.Object("mesosConfig")!["cpus"]!.ToString());

        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 2 });
        var second = await lab.NextAsync("physicalhost.resize");
        Assert.NotEqual((string?)Wish(first)["id"], (string?)Wish(second)["id"]);
        await lab.Handler.ReplyAsync(first, CattleReply.Done());
        await lab.Handler.ReplyAsync(second, CattleReply.Done());
        var config = (await lab.WaitAsync("active")).Object("mesosConfig")!;
        Assert.Equal(("2", "1GiB"), (config["cpus"]!.ToString(), (string?)config["memory"]));
    }

    [Fact]
    public async Task Clone_IsANewMachineOfTheSameSize_ThatNamesItsSource()
    {
        await using var lab = await Lab.StartAsync();
        var clone = await lab.ActAsync("clone", new JsonObject { ["name"] = "web-2" });
        Assert.Equal(("web-2", lab.Machine.Id), (clone.Name, clone.Text("copyOf")));
        Assert.NotEqual(lab.Machine.Id, clone.Id);
        Assert.Equal(lab.Machine.Object("mesosConfig")!.ToJsonString(), clone.Object("mesosConfig")!.ToJsonString());
        var e = await lab.NextAsync("physicalhost.create");
        Assert.Equal(clone.Id, e.ResourceId);
    }

    [Theory]
    [InlineData("resize", """{"disk":"5GiB"}""", "MinLimitExceeded", "disk")]
    [InlineData("resize", """{"disk":"huge"}""", "InvalidFormat", "mesosConfig.disk")]
    [InlineData("resize", """{"cpus":4,"disk":"20GiB"}""", "InvalidOption", "disk")]
    [InlineData("resize", """{"cpus":0}""", "MinLimitExceeded", "cpus")]
    [InlineData("resize", """{"memory":"1GiB"}""", "NotUnique", "memory")]
    [InlineData("clone", "{}", "MissingRequired", "name")]
    [InlineData("clone", """{"name":"web"}""", "NotUnique", "name")]
    [InlineData("resize", "{}", "MissingRequired", "disk")]
    [InlineData("snapshot", """{"name":"a b"}""", "InvalidCharacters", "name")]
    [InlineData("restore", "{}", "MissingRequired", "name")]
    [InlineData("removesnapshot", """{"name":"x"}""", "InvalidReference", "name")]
    [InlineData("limit", """{"diskBytes":"fast"}""", "InvalidFormat", "diskBytes")]
    [InlineData("limit", """{"networkBytes":"1KiB"}""", "InvalidFormat", "networkBytes")]
    [InlineData("limit", """{"diskOperations":0}""", "MinLimitExceeded", "diskOperations")]
    [InlineData("forward", """{"ports":["80"]}""", "InvalidFormat", "ports")]
    [InlineData("forward", """{"ports":["70000:80"]}""", "InvalidFormat", "ports")]
    [InlineData("forward", """{"ports":["8080:80","8080:81"]}""", "NotUnique", "ports")]
    [InlineData("forward", "{}", "MissingRequired", "ports")]
    [InlineData("start", "{}", "ActionNotAvailable", "action")]
    public async Task WrongInput_IsRefusedAndChangesNothing(string verb, string body, string code, string field)
    {
        await using var lab = await Lab.StartAsync();
        var error = await TestServer.RefusedAsync(() => lab.ActAsync(verb, (JsonObject)JsonNode.Parse(body)!));
        Assert.Equal((422, code, field), (error.Status, error.Code, error.FieldName));
        Assert.Equal("active", (await lab.WaitAsync("active")).State);
    }

    private static JsonObject Wish(CattleEvent e) => (JsonObject)e.Data!["command"]!;

    private static JsonObject Snapshots(params string[] names) => new()
    {
        ["+data"] = new JsonObject { ["+fields"] = new JsonObject { ["snapshots"] = new JsonArray([.. names.Select(n => (JsonNode)new JsonObject { ["name"] = n })]) } },
    };

    private sealed class Lab(TestServer server, CattleResource machine, TestAgent agent, ScriptedHandler handler) : IAsyncDisposable
    {
        public TestServer Server => server;

        public CattleResource Machine => machine;

        public TestAgent Agent => agent;

        public ScriptedHandler Handler => handler;

        public static async Task<Lab> StartAsync(string[]? processes = null)
        {
            var server = await TestServer.StartAsync();
            var handler = await ScriptedHandler.StartAsync(server, processes: processes ?? Processes);
            var (machine, agent) = await server.ActiveMachineAsync("web", handler);
            return new Lab(server, machine, agent, handler);
        }

        public Task<CattleResource> ActAsync(string verb, JsonObject? body = null) => server.Project.ActionAsync("machines", machine.Id, verb, body ?? [], TestServer.Token);

        public Task<CattleResource> WaitAsync(string state) => server.WaitForStateAsync(machine.Id, state);

        public async Task<CattleEvent> NextAsync(string name)
        {
            var e = await handler.NextAsync();
            Assert.Equal(name, e.BaseName);
            return e;
        }

        public async ValueTask DisposeAsync()
        {
            await handler.DisposeAsync();
            await agent.DisposeAsync();
            await server.DisposeAsync();
        }
    }
}
