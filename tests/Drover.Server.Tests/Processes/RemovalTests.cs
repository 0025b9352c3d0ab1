using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Processes;

/// <summary>A delete works from every state and always ends.</summary>
public class RemovalTests
{
    [Fact]
    public async Task Remove_BeforeAnyHandlerKnewTheMachine_IsDoneAtOnce()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        await TestServer.WaitAsync(server.Project, "machines", machine.Id, m => m.TransitioningMessage?.StartsWith("no scheduler", StringComparison.Ordinal) == true, "waiting");
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await server.WaitForStateAsync(machine.Id, "removed");
        Assert.Equal("CANCELLED", (await server.ProcessAsync("physicalhost.create", _ => true)).Text("exitReason"));
    }

    [Theory]
    [InlineData("creating")]
    [InlineData("progress")]
    [InlineData("bootstrapping")]
    [InlineData("waitingForHost")]
    [InlineData("error")]
    [InlineData("active")]
    public async Task Remove_AtEachStage_CancelsAndAsksTheHandler(string stage)
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var create = await scheduler.NextAsync();
        if (stage == "progress")
        {
            await scheduler.ReplyAsync(create, CattleReply.InProgress("half way", 50));
        }

        if (stage == "error")
        {
            await scheduler.ReplyAsync(create, CattleReply.Failed("broken"));
            await server.WaitForStateAsync(machine.Id, "error");
        }

        TestAgent? agent = null;
        if (stage is "bootstrapping" or "waitingForHost" or "active")
        {
            if (stage == "active")
            {
                agent = await TestAgent.ForMachineAsync(server, await server.WaitForStateAsync(machine.Id, "creating"));
            }

            await scheduler.ReplyAsync(create, CattleReply.Done());
            var bootstrap = await scheduler.NextAsync();
            if (stage is "waitingForHost" or "active")
            {
                await scheduler.ReplyAsync(bootstrap, CattleReply.Done());
                await server.ProcessAsync("physicalhost.bootstrap", p => p.Text("message") is not null || p.Text("endTime") is not null);
            }
        }

        var removing = await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        Assert.Equal(("removing", "yes"), (removing.State, removing.Transitioning));
        var again = await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        Assert.Equal("removing", again.State);
        var remove = await scheduler.NextAsync();
        Assert.Equal("physicalhost.remove", remove.BaseName);

        // What is said about the cancelled process no longer counts.
        await scheduler.ReplyAsync(create, CattleReply.Done());
        Assert.Equal("removing", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
        await scheduler.ReplyAsync(remove, CattleReply.Done());
        await server.WaitForStateAsync(machine.Id, "removed");
        var open = await server.Service.ListAsync("processes", [new("endTime_null", "1")], TestServer.Token);
        Assert.Equal(["physicalhost.purge"], open.Select(p => p.Text("processName")));
        if (agent is not null)
        {
            await agent.DisposeAsync();
        }
    }

    [Fact]
    public async Task Remove_HandlerFails_IsTriedAgainAndEndsInTheEnd()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        await scheduler.NextAsync();
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await scheduler.ReplyAsync(await scheduler.NextAsync(), CattleReply.Failed("cannot reach Mesos"));
        var stuck = (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!;
        Assert.Equal(("removing", "error", "cannot reach Mesos"), (stuck.State, stuck.Transitioning, stuck.TransitioningMessage));
        server.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("physicalhost.remove", (await scheduler.NextAsync()).BaseName);
        await server.AdvanceUntilAsync(TimeSpan.FromMinutes(1), async () => (await server.Service.GetAsync("machines", machine.Id, TestServer.Token))!.State == "removed", "removed");
    }

    [Fact]
    public async Task Purge_AfterItsDelay_DeletesTheData()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m", new JsonObject { ["authKey"] = "secret-text" });
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await server.WaitForStateAsync(machine.Id, "removed");
        server.Time.Advance(TimeSpan.FromMinutes(5));
        await TestServer.WaitGoneAsync(server.Service, "machines", machine.Id);
        await using var db = server.OpenDatabase();
        var row = db.Machines.Single();
        Assert.Equal(("purged", 0), (row.State, row.Fields.Count));

        // The name is free again, also before the purge.
        await server.MachineAsync("m");
    }
}
