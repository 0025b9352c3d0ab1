using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests;

/// <summary>The whole road: a machine is asked for, made, registers, and is removed.</summary>
public class RoadTests
{
    [Fact]
    public async Task Machine_FromRequestToRemoval_PassesEveryState()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.Project.CreateAsync("machines", new JsonObject { ["name"] = "web-1", ["mesosConfig"] = new JsonObject { ["cpus"] = "2" }, ["labels"] = new JsonObject { ["zone"] = "a" } }, TestServer.Token);
        Assert.Equal("requested", machine.State);
        Assert.Equal("yes", machine.Transitioning);

        var create = await scheduler.NextAsync();
        Assert.Equal("physicalhost.create;handler=droverMesos", create.Name);
        Assert.Equal(machine.Id, create.ResourceId);
        var creating = await server.WaitForStateAsync(machine.Id, "creating");
        Assert.Equal("mesos", creating.Text("driver"));
        await scheduler.ReplyAsync(create, CattleReply.InProgress("waiting for an offer", 5, new JsonObject { ["+data"] = new JsonObject { ["+fields"] = new JsonObject { ["accelerator"] = "kvm" } } }));
        var waiting = await server.Project.GetAsync("machines", machine.Id, TestServer.Token);
        Assert.Equal(("waiting for an offer", 5, "kvm"), (waiting!.TransitioningMessage, waiting.TransitioningProgress, waiting.Text("accelerator")));

        await using var agent = await TestAgent.ForMachineAsync(server, creating);
        await scheduler.ReplyAsync(create, CattleReply.Done());
        var bootstrap = await scheduler.NextAsync();
        Assert.Equal("physicalhost.bootstrap", bootstrap.BaseName);
        await server.WaitForStateAsync(machine.Id, "bootstrapping");
        await scheduler.ReplyAsync(bootstrap, CattleReply.Done());
        var active = await server.WaitForStateAsync(machine.Id, "active");
        Assert.Equal("no", active.Transitioning);
        Assert.NotNull(active.Number("readySeconds"));

        var host = (await server.Project.ListAsync("hosts", TestServer.Token)).Single();
        Assert.Equal(active.Text("hostId"), host.Id);
        Assert.Equal(("active", "active", machine.Id), (host.State, host.Text("agentState"), host.Text("physicalHostId")));
        Assert.Equal(("a", "yes"), (host.Map("labels")["zone"], host.Map("labels")["reported"]));

        Assert.Equal("removing", (await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token)).State);
        var remove = await scheduler.NextAsync();
        Assert.Equal("physicalhost.remove", remove.BaseName);
        await scheduler.ReplyAsync(remove, CattleReply.Done());
        var removed = await server.WaitForStateAsync(machine.Id, "removed");
        Assert.NotNull(removed.Text("removed"));
        Assert.Null(await agent.ReceiveAsync());
        Assert.Equal(4001, agent.CloseCode);
        Assert.Equal("removed", (await server.Project.GetAsync("hosts", host.Id, TestServer.Token))!.State);

        server.Time.Advance(TimeSpan.FromMinutes(6));
        await TestServer.WaitGoneAsync(server.Service, "machines", machine.Id);
        Assert.Empty(await server.Project.ListAsync("machines", TestServer.Token));
    }
}
