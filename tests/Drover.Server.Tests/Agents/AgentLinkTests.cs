using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Agents;

/// <summary>The link of an agent: tie, facts, load, loss and return.</summary>
public class AgentLinkTests
{
    private static Task<Drover.Api.Cattle.CattleResource> HostAsync(TestServer server, string id, string agentState) =>
        TestServer.WaitAsync(server.Project, "hosts", id, h => h.Text("agentState") == agentState, $"agentState {agentState}");

    [Fact]
    public async Task Hello_WithAnotherMachinesUuid_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var victim = await server.WaitForStateAsync((await server.MachineAsync("victim")).Id, "creating");
        var own = await server.WaitForStateAsync((await server.MachineAsync("own")).Id, "creating");
        await using var agent = await TestAgent.RegisterAsync(server, await TestAgent.MachineTokenAsync(server, own));
        Assert.Null(await agent.HelloAsync(victim.Text("externalId")!));
        Assert.Equal(1008, agent.CloseCode);
        Assert.Null(await agent.HelloAsync(own.Text("externalId")!, victim.Text("externalId")));
        Assert.Empty(await server.Project.ListAsync("hosts", TestServer.Token));
        Assert.NotNull(await agent.HelloAsync(own.Text("externalId")!));
    }

    [Fact]
    public async Task Hello_FromAnotherEnvironment_DoesNotAdoptTheMachine()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);
        var token = await server.Admin.ForProject(other.Id).CreateAsync("registrationtokens", [], TestServer.Token);
        await using var agent = await TestAgent.RegisterAsync(server, token.Text("token")!);
        Assert.NotNull(await agent.HelloAsync(machine.Text("externalId")!));
        Assert.Null((await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Text("hostId"));
        Assert.Empty(await server.Project.ListAsync("hosts", TestServer.Token));
        Assert.Single(await server.Admin.ForProject(other.Id).ListAsync("hosts", TestServer.Token));
    }

    [Fact]
    public async Task Hello_WithAnEnvironmentsToken_AdoptsAMachineWithoutAgent()
    {
        // The road of a scheduler that knows only environment-wide tokens.
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var token = (await server.Project.CreateAsync("registrationtokens", [], TestServer.Token)).Text("token")!;
        await using var agent = await TestAgent.RegisterAsync(server, token);
        var host = await agent.HelloAsync(machine.Text("externalId")!);
        Assert.Equal(host, (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Text("hostId"));
        await using var thief = await TestAgent.RegisterAsync(server, token, "ffffffffffffffffffffffffffffffff");
        Assert.NotEqual(host, await thief.HelloAsync(machine.Text("externalId")!));
        Assert.Equal(host, (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Text("hostId"));
    }

    [Fact]
    public async Task Link_OpenedWithAMachinesToken_RegistersWithTheHellosKey()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var token = await TestAgent.MachineTokenAsync(server, machine);
        var (first, host, _) = await TestAgent.LinkAsync(server, token, machine.Text("externalId")!);
        Assert.Equal(host, (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Text("hostId"));

        // The keys are an agent's: its link may be opened with them, and the same key is answered with the same ones.
        Assert.Equal(host, await first!.HelloAsync(machine.Text("externalId")!));
        var (again, _, _) = await TestAgent.LinkAsync(server, token, machine.Text("externalId")!);
        Assert.Equal((first.AccessKey, first.SecretKey), (again!.AccessKey, again.SecretKey));
        var (thief, _, code) = await TestAgent.LinkAsync(server, token, machine.Text("externalId")!, "ffffffffffffffffffffffffffffffff");
        Assert.Equal((null, 1008), (thief, code));
    }

    [Fact]
    public async Task Link_OpenedWithAToken_IsNobodysWithoutAKey()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var token = await TestAgent.MachineTokenAsync(server, machine);
        Assert.Equal(LinkMessage.CloseProtocol, (await TestAgent.LinkAsync(server, token, machine.Text("externalId")!, key: null)).CloseCode);
        Assert.Equal(LinkMessage.CloseProtocol, (await TestAgent.LinkAsync(server, token, machine.Text("externalId")!, key: "short")).CloseCode);
        Assert.Empty(await server.Project.ListAsync("hosts", TestServer.Token));
    }

    [Fact]
    public async Task Link_OpenedWithAToken_DoesNotSpeakForAnotherMachine()
    {
        await using var server = await TestServer.StartAsync();
        var victim = await server.WaitForStateAsync((await server.MachineAsync("victim")).Id, "creating");
        var own = await server.WaitForStateAsync((await server.MachineAsync("own")).Id, "creating");
        Assert.Equal(1008, (await TestAgent.LinkAsync(server, await TestAgent.MachineTokenAsync(server, own), victim.Text("externalId")!)).CloseCode);
        Assert.Empty(await server.Project.ListAsync("hosts", TestServer.Token));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public async Task Hello_OfAnotherProtocol_IsClosedWith4002(int protocol)
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        await using var agent = await TestAgent.RegisterAsync(server, await TestAgent.MachineTokenAsync(server, machine));
        Assert.Null(await agent.HelloAsync(machine.Text("externalId")!, protocol: protocol));
        Assert.Equal(LinkMessage.CloseProtocol, agent.CloseCode);
    }

    [Fact]
    public async Task Host_OnTheWire_HasItsFactsInCattlesShape()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var host = (await server.Project.GetAsync("hosts", machine.Text("hostId")!, TestServer.Token))!;
        Assert.Equal(("guest", "10.0.2.15", machine.Text("externalId")), (host.Text("hostname"), host.Text("agentIpAddress"), host.Text("reportedUuid")));
        var info = host.Object("info")!;
        Assert.Equal("Docker version 24.0", (string?)info["osInfo"]!["dockerVersion"]);
        Assert.Equal((1024, 2), ((int)info["memoryInfo"]!["memTotal"]!, (int)info["cpuInfo"]!["count"]!));
        Assert.Equal((1L << 30, 2000, 10240), ((long)host.Number("memory")!, (int)host.Number("milliCpu")!, (int)host.Number("localStorageMb")!));
        await server.Project.UpdateAsync("hosts", host.Id, new JsonObject { ["memory"] = 5000, ["labels"] = new JsonObject { ["mine"] = "1" } }, TestServer.Token);
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Facts, Host = TestAgent.Facts(host.Text("reportedUuid")!, host.Text("reportedUuid")!) with { DockerVersion = "25.0" } });
        var changed = await TestServer.WaitAsync(server.Project, "hosts", host.Id, h => (string?)h.Object("info")!["osInfo"]!["dockerVersion"] == "Docker version 25.0", "on Docker 25");
        Assert.Equal((5000, "1", "yes"), ((int)changed.Number("memory")!, changed.Map("labels")["mine"], changed.Map("labels")["reported"]));
    }

    [Fact]
    public async Task Load_FromTheAgent_IsShownAndAnnouncedButNotStored()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var hostId = machine.Text("hostId")!;
        Assert.Null((await server.Project.GetAsync("hosts", hostId, TestServer.Token))!.Object("load"));
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Load, Sample = new HostLoad { At = TestServer.Noon, CpuPercent = 12.5, MemoryUsedBytes = 7 } });
        var host = await TestServer.WaitAsync(server.Project, "hosts", hostId, h => h.Object("load") is not null, "with a load");
        Assert.Equal((12.5, 7), ((double)host.Object("load")!["cpuPercent"]!, (int)host.Object("load")!["memoryUsedBytes"]!));
        await using var events = await EventReader.OpenAsync(server.Project, "resource.change");
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Load, Sample = new HostLoad { At = TestServer.Noon, CpuPercent = 12.5 } });
        await events.UntilAsync(e => e.ResourceId == hostId);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Load, Sample = new HostLoad { At = TestServer.Noon, CpuPercent = 99 } });
        await events.UntilAsync(e => (double?)e.Resource!.Object("load")?["cpuPercent"] == 99);
        var history = await server.Project.SendAsync(HttpMethod.Get, $"hosts/{hostId}/loads", null, TestServer.Token);
        Assert.Equal([12.5, 12.5, 99], history["data"]!.AsArray().Select(s => (double)s!["cpuPercent"]!));
        await using var db = server.OpenDatabase();
        Assert.DoesNotContain("cpuPercent", db.Hosts.Single().Fields.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Link_Lost_HostIsReconnectingThenDisconnectedThenActiveAgain()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var hostId = machine.Text("hostId")!;
        agent.Drop();
        var v1 = await HostAsync(server, hostId, "reconnecting");
        Assert.Equal("active", v1.State);
        var v2 = await server.Project.SendAsync(HttpMethod.Get, new Uri(server.Address, $"/v2-beta/projects/1a5/hosts/{hostId}").AbsoluteUri, null, TestServer.Token);
        Assert.Equal("reconnecting", (string?)v2["state"]);
        server.Time.Advance(TimeSpan.FromSeconds(180));
        await HostAsync(server, hostId, "disconnected");
        Assert.Equal(hostId, await agent.HelloAsync(machine.Text("externalId")!));
        await HostAsync(server, hostId, "active");
        Assert.Equal("active", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
    }

    [Fact]
    public async Task Link_Silent_IsAskedAndGivenUp()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        server.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(LinkMessage.Ping, (await agent.ReceiveAsync())!.Type);
        server.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(LinkMessage.Ping, (await agent.ReceiveAsync())!.Type);
        server.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Null(await agent.ReceiveAsync());
        await HostAsync(server, machine.Text("hostId")!, "reconnecting");
    }

    [Fact]
    public async Task Link_OpenedTwice_TheNewerOneStands()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        Assert.Equal(machine.Text("hostId"), await agent.HelloAsync(machine.Text("externalId")!));
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Ping });
        Assert.Equal(LinkMessage.Pong, (await agent.ReceiveAsync())!.Type);
        Assert.Equal("active", (await server.Project.GetAsync("hosts", machine.Text("hostId")!, TestServer.Token))!.Text("agentState"));
    }

    [Fact]
    public async Task Server_Restarted_HostIsReconnectingUntilTheAgentIsBack()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            string hostId, uuid, machineId;
            TestAgent agent;
            await using (var first = await TestServer.StartAsync(directory: directory))
            {
                var (machine, before, scheduler) = await first.ActiveMachineAsync("m");
                (hostId, uuid, machineId) = (machine.Text("hostId")!, machine.Text("externalId")!, machine.Id);
                agent = before;
                await scheduler.DisposeAsync();
            }

            await using var second = await TestServer.StartAsync(directory: directory);
            Assert.Equal("reconnecting", (await second.Project.GetAsync("hosts", hostId, TestServer.Token))!.Text("agentState"));
            Assert.Equal("active", (await second.Project.GetAsync("machines", machineId, TestServer.Token))!.State);
            await using var again = TestAgent.At(second, agent);
            Assert.Equal(hostId, await again.HelloAsync(uuid));
            Assert.Equal("active", (await second.Project.GetAsync("hosts", hostId, TestServer.Token))!.Text("agentState"));
            await agent.DisposeAsync();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Host_Deleted_TakesItsMachineAlong()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var hostId = machine.Text("hostId")!;
        Assert.Equal(405, (await TestServer.RefusedAsync(() => server.Project.DeleteAsync("hosts", hostId, TestServer.Token))).Status);
        Assert.Equal("inactive", (await server.Project.ActionAsync("hosts", hostId, "deactivate", null, TestServer.Token)).State);
        Assert.Equal("removing", (await server.Project.DeleteAsync("hosts", hostId, TestServer.Token)).State);
        await scheduler.ReplyAsync(await scheduler.NextAsync(), Drover.Api.Cattle.CattleReply.Done());
        await server.WaitForStateAsync(machine.Id, "removed");
        var removed = (await server.Project.GetAsync("hosts", hostId, TestServer.Token))!;
        Assert.Equal("removed", removed.State);
        Assert.NotNull(removed.Text("removed"));
        Assert.Null(await agent.ReceiveAsync());
        Assert.Equal(LinkMessage.CloseGone, agent.CloseCode);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => agent.Client.ListAsync("agents", TestServer.Token))).Status);
    }

    [Fact]
    public async Task Machine_RegisteredAgain_TheNewAgentTakesOver()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        await using var first = await TestAgent.ForMachineAsync(server, machine);
        await using var second = await TestAgent.RegisterAsync(server, await TestAgent.MachineTokenAsync(server, machine), "ffffffffffffffffffffffffffffffff");
        Assert.NotNull(await second.HelloAsync(machine.Text("externalId")!));
        Assert.Null(await first.ReceiveAsync());
        Assert.Equal(LinkMessage.CloseGone, first.CloseCode);
        Assert.Equal("active", (await server.Project.ListAsync("hosts", TestServer.Token)).Single().State);
    }
}
