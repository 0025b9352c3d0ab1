using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Containers;

/// <summary>Containers as a host's Docker tells them: a snapshot, then events; asked for through the same link.</summary>
public sealed class ContainerTests : IAsyncLifetime
{
    private FakeDocker _docker = null!;
    private TestServer _server = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        (_docker, _server) = (await FakeDocker.StartAsync(), await TestServer.StartAsync());
        var machine = await _server.WaitForStateAsync((await _server.MachineAsync("m")).Id, "creating");
        _agent = await TestAgent.RegisterAsync(_server, await TestAgent.MachineTokenAsync(_server, machine));
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _server.DisposeAsync();
        await _docker.DisposeAsync();
    }

    [Fact]
    public async Task Snapshot_ShowsWhatIsThere_InCattlesShape()
    {
        var id = _docker.Add("web", "running");
        _docker.Add("old", "exited");
        await LinkAsync();

        var web = await ContainerAsync("web");

        Assert.Equal(("container", "instance", "running", "docker:bb:1", "172.17.0.2"), (web.Type, web.Text("baseType"), web.State, web.Text("imageUuid"), web.Text("primaryIpAddress")));
        Assert.Equal((id, "8080:80/tcp", "web"), (web.Text("externalId"), (string?)web.Array("ports")![0], (string?)web.Object("labels")!["tier"]));
        Assert.Equal("stopped", (await ContainerAsync("old")).State);
        Assert.Equal(["old", "web"], (await _server.Project.ListAsync("containers", TestServer.Token)).Select(c => c.Name).Order(StringComparer.Ordinal));
        Assert.Equal("web", Assert.Single(await _server.Project.ListAsync("containers", [new("name_like", "w%")], TestServer.Token)).Name);
        Assert.Single(await _server.Project.ListAsync("containers", [new("state", "running")], TestServer.Token));
    }

    [Fact]
    public async Task Events_ChangeWhatIsShown_AndTellWhoListens()
    {
        await LinkAsync();
        await using var events = await EventReader.OpenAsync(_server.Project, "resource.change");

        var id = _docker.Add("web", "running");
        var web = await ContainerAsync("web");
        _docker.Move(id, "exited", "die");
        await StateAsync(web.Id, "stopped");
        _docker.Remove(id);
        await StateAsync(web.Id, "removed");

        Assert.Empty(await _server.Project.ListAsync("containers", TestServer.Token));
        await events.UntilAsync(e => e.ResourceType == "container" && e.ResourceId == web.Id && (string?)e.Data!["resource"]!["state"] == "removed");
    }

    [Fact]
    public async Task Event_ThatComesBeforeDockersOwnListShowsIt_IsLookedAtAgain()
    {
        await LinkAsync();
        var id = _docker.Add("web", "running");
        var web = await ContainerAsync("web");
        var lists = _docker.Lists;

        var show = _docker.EndBehindTheEvent(id);
        await ContainerHost.EventuallyAsync(() => Task.FromResult(_docker.Lists > lists), "the look");
        Assert.Equal("running", (await _server.Project.GetAsync("containers", web.Id, TestServer.Token))!.State);
        show();

        await _server.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), async () => (await _server.Project.GetAsync("containers", web.Id, TestServer.Token))!.State == "stopped", "the end");
    }

    [Fact]
    public async Task Docker_StartedAgain_IsReadAnew()
    {
        var gone = _docker.Add("gone", "running");
        await LinkAsync();
        var first = await ContainerAsync("gone");

        _docker.Remove(gone, tell: false);
        _docker.Add("come", "running", tell: false);
        _docker.BreakEvents();

        await _server.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), async () => (await _server.Project.ListAsync("containers", TestServer.Token)).Any(c => c.Name == "come"), "the new container");
        await StateAsync(first.Id, "removed");
    }

    [Fact]
    public async Task Link_ThatIsAway_LeavesWhatWasKnown_AndReadsAnewWhenItReturns()
    {
        _docker.Add("web", "running");
        await LinkAsync();
        var web = await ContainerAsync("web");
        _agent.Drop();
        await TestServer.WaitAsync(_server.Project, "hosts", web.Text("hostId")!, h => h.Text("agentState") == "reconnecting", "agentState reconnecting");

        Assert.Equal("running", (await ContainerAsync("web")).State);
        var refused = await Assert.ThrowsAsync<CattleException>(() => _server.Project.ActionAsync("containers", web.Id, "stop", null, TestServer.Token));
        Assert.Equal((503, "HostNotConnected"), (refused.Status, refused.Code));

        _docker.Add("other", "running");
        await LinkAsync();
        await ContainerAsync("other");
    }

    [Fact]
    public async Task Action_GoesToDocker_AndShowsWhatGoesOnUntilItIsDone()
    {
        var id = _docker.Add("web", "running");
        await LinkAsync();
        var web = await ContainerAsync("web");
        Assert.Equal(["attach", "execute", "logs", "restart", "stop"], web.Object("actions")!.Select(a => a.Key).Order(StringComparer.Ordinal));

        var answer = await _server.Project.ActionAsync("containers", web.Id, "stop", null, TestServer.Token);

        Assert.Equal(("stopping", "yes"), (answer.State, answer.Transitioning));
        Assert.Contains($"/containers/{id}/stop", Assert.Single(_docker.Asked), StringComparison.Ordinal);
        _docker.Move(id, "exited", "die");
        await StateAsync(web.Id, "stopped");

        await _server.Project.DeleteAsync("containers", web.Id, TestServer.Token);
        Assert.Contains(_docker.Asked, asked => asked.StartsWith("DELETE ", StringComparison.Ordinal) && asked.EndsWith(id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Action_ThatDockerRefuses_SaysItsReason_AndChangesNothing()
    {
        _docker.Add("web", "running");
        await LinkAsync();
        var web = await ContainerAsync("web");
        _docker.Refusal = "cannot stop: it is busy";

        var refused = await Assert.ThrowsAsync<CattleException>(() => _server.Project.ActionAsync("containers", web.Id, "stop", null, TestServer.Token));

        Assert.Equal(409, refused.Status);
        Assert.Contains("it is busy", refused.Message, StringComparison.Ordinal);
        Assert.Equal("running", (await ContainerAsync("web")).State);
        Assert.Equal("ActionNotAvailable", (await Assert.ThrowsAsync<CattleException>(() => _server.Project.ActionAsync("containers", web.Id, "start", null, TestServer.Token))).Code);
    }

    [Fact]
    public async Task Containers_OfAnotherEnvironment_AreNotThere()
    {
        _docker.Add("web", "running");
        await LinkAsync();
        var web = await ContainerAsync("web");
        var other = _server.Admin.ForProject((await _server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token)).Id);

        Assert.Empty(await other.ListAsync("containers", TestServer.Token));
        Assert.Null(await other.GetAsync("containers", web.Id, TestServer.Token));
        Assert.Equal(404, (await Assert.ThrowsAsync<CattleException>(() => other.ActionAsync("containers", web.Id, "stop", null, TestServer.Token))).Status);
        Assert.Empty(_docker.Asked);
    }

    private async Task LinkAsync()
    {
        var machine = (await _server.Project.ListAsync("machines", TestServer.Token)).Single();
        Assert.NotNull(await _agent.HelloAsync(machine.Text("externalId")!, streams: LinkMessage.CurrentStreams));
        _agent.ServeStreams(_docker.ServeAsync);
    }

    private async Task<CattleResource> ContainerAsync(string name)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        while (true)
        {
            if ((await _server.Project.ListAsync("containers", patience.Token)).FirstOrDefault(c => c.Name == name) is { } found)
            {
                return found;
            }

            await Task.Delay(20, patience.Token);
        }
    }

    private Task<CattleResource> StateAsync(string id, string state) => TestServer.WaitAsync(_server.Project, "containers", id, c => c.State == state, state);
}
