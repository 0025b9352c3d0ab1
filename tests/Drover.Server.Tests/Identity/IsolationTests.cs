using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Identity;

/// <summary>Two environments, and everything of one tried with the credentials of the other (cattle-api §5.1).</summary>
public class IsolationTests
{
    private sealed record Two(TestServer Server, CattleClient Foreign, CattleResource Machine, CattleResource Host, CattleResource Key, CattleResource RegistrationToken, TestAgent Agent, ScriptedHandler Scheduler) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Agent.DisposeAsync();
            await Scheduler.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    /// <summary>Things in the default environment, and a key of another one.</summary>
    private static async Task<Two> TwoAsync()
    {
        var server = await TestServer.StartAsync();
        var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);
        var foreign = await server.EnvironmentKeyAsync(other.Id);
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("web");
        var host = (await server.Project.ListAsync("hosts", TestServer.Token)).Single();
        var key = await server.Project.CreateAsync("apikeys", [], TestServer.Token);
        var token = await server.Project.CreateAsync("registrationtokens", [], TestServer.Token);
        return new Two(server, foreign, machine, host, key, token, agent, scheduler);
    }

    [Fact]
    public async Task Lists_OfAForeignKey_ShowNothingOfTheOthers()
    {
        await using var two = await TwoAsync();
        foreach (var type in new[] { "machines", "physicalhosts", "hosts", "registrationtokens", "processes" })
        {
            Assert.NotEmpty(await two.Server.Project.ListAsync(type, TestServer.Token));
            Assert.Empty(await two.Foreign.ListAsync(type, TestServer.Token));
        }

        Assert.DoesNotContain(await two.Foreign.ListAsync("apikeys", TestServer.Token), k => k.Id == two.Key.Id);
        Assert.DoesNotContain(await two.Foreign.ListAsync("auditlogs", TestServer.Token), e => e.AccountId == two.Server.ProjectId);
        Assert.Equal(["other"], (await two.Foreign.ListAsync("projects", TestServer.Token)).Select(p => p.Name));
        Assert.All(await two.Foreign.ListAsync("projectmembers", TestServer.Token), m => Assert.NotEqual(two.Server.ProjectId, m.Text("projectId")));
        Assert.Empty(await two.Foreign.ListAsync("machines", [new("accountId", two.Server.ProjectId)], TestServer.Token));
    }

    [Fact]
    public async Task Resources_ById_AreNotFoundForAForeignKey()
    {
        await using var two = await TwoAsync();
        foreach (var (type, id) in new[] { ("machines", two.Machine.Id), ("physicalhosts", two.Machine.Id), ("hosts", two.Host.Id), ("apikeys", two.Key.Id), ("registrationtokens", two.RegistrationToken.Id), ("projects", two.Server.ProjectId), ("accounts", two.Server.ProjectId), ("processes", "1pi1"), ("auditlogs", "1al1") })
        {
            Assert.Null(await two.Foreign.GetAsync(type, id, TestServer.Token));
            foreach (var call in new Func<Task>[]
            {
                () => two.Foreign.UpdateAsync(type, id, new JsonObject { ["name"] = "stolen" }, TestServer.Token),
                () => two.Foreign.DeleteAsync(type, id, TestServer.Token),
                () => two.Foreign.ActionAsync(type, id, "remove", null, TestServer.Token),
                () => two.Foreign.ActionAsync(type, id, "deactivate", null, TestServer.Token),
                () => two.Foreign.SendAsync(HttpMethod.Get, $"{type}/{id}/account", null, TestServer.Token),
            })
            {
                Assert.Contains((await TestServer.RefusedAsync(call)).Status, new[] { 403, 404, 405 });
            }
        }

        Assert.Equal("active", (await two.Server.Project.GetAsync("machines", two.Machine.Id, TestServer.Token))!.State);
        foreach (var link in new[] { "hosts", "processes", "console" })
        {
            Assert.Equal(404, (await TestServer.RefusedAsync(() => two.Foreign.SendAsync(HttpMethod.Get, $"machines/{two.Machine.Id}/{link}", null, TestServer.Token))).Status);
        }
    }

    [Fact]
    public async Task Environment_NamedByAForeignKey_Is403HoweverItIsNamed()
    {
        await using var two = await TwoAsync();
        var project = two.Server.ProjectId;
        foreach (var with in new Action<HttpRequestMessage>[]
        {
            r => r.RequestUri = new Uri(two.Server.Address, $"/v1/projects/{project}/machines"),
            r => r.Headers.Add("X-API-Project-Id", project),
            r => r.RequestUri = new Uri(two.Server.Address, $"/v1/machines?projectId={project}"),
            r => r.RequestUri = new Uri(two.Server.Address, "/v1/projects/1a999/machines"),
        })
        {
            var (status, _, _) = await two.Server.RawAsync(HttpMethod.Get, "/v1/machines", with: r =>
            {
                r.Headers.Authorization = two.Foreign.Authorization;
                with(r);
            });
            Assert.Equal(403, (int)status);
        }
    }

    [Fact]
    public async Task Reference_ToAForeignObject_IsInvalid()
    {
        await using var two = await TwoAsync();

        // Only admin and service may set these two, and only in what they see there.
        var own = await two.Foreign.CreateAsync("registrationtokens", new JsonObject { ["physicalHostId"] = two.Machine.Id, ["accountId"] = two.Server.ProjectId }, TestServer.Token);
        Assert.Null(own.Text("physicalHostId"));
        Assert.NotEqual(two.Server.ProjectId, own.AccountId);
        var error = await TestServer.RefusedAsync(() => two.Server.Service.CreateAsync("registrationtokens", new JsonObject { ["physicalHostId"] = "1ph999" }, TestServer.Token));
        Assert.Equal((422, "InvalidReference", "physicalHostId"), (error.Status, error.Code, error.FieldName));
    }

    [Fact]
    public async Task Events_OfAnEnvironment_ReachItsOwnSubscribersOnly()
    {
        await using var two = await TwoAsync();
        await using var own = await EventReader.OpenAsync(two.Server.Project, "resource.change");
        await using var foreign = await EventReader.OpenAsync(two.Foreign, "resource.change", "resource.change;account=5", "*");
        await two.Server.Project.UpdateAsync("machines", two.Machine.Id, new JsonObject { ["description"] = "x" }, TestServer.Token);
        await own.UntilAsync(e => e.Resource!.Text("description") == "x");
        await two.Foreign.CreateAsync("machines", new JsonObject { ["name"] = "theirs", ["mesosConfig"] = new JsonObject() }, TestServer.Token);
        Assert.Equal("resource.change", (await foreign.UntilAsync(e => e.Resource!.Name == "theirs")).Name);
        Assert.All(foreign.Seen, e => Assert.NotEqual(two.Server.ProjectId, e.Resource!.AccountId));
    }

    [Fact]
    public async Task Publish_ByAnEnvironment_CannotAnswerForAHandler()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var create = await scheduler.NextAsync();
        var key = await server.EnvironmentKeyAsync(server.ProjectId);
        await key.SendAsync(HttpMethod.Post, "publish", new JsonObject { ["name"] = create.ReplyTo, ["previousIds"] = new JsonArray(create.Id) }, TestServer.Token);
        Assert.Equal("creating", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
        var error = await TestServer.RefusedAsync(() => key.SendAsync(HttpMethod.Post, "publish", new JsonObject { ["name"] = "physicalhost.remove;handler=droverMesos" }, TestServer.Token));
        Assert.Equal(403, error.Status);
    }

    [Theory]
    [InlineData("owner", true, true)]
    [InlineData("member", true, false)]
    [InlineData("restricted", false, false)]
    [InlineData("readonly", false, false)]
    public async Task Member_ByRole_MayChangeInfrastructureAndMembers(string role, bool infrastructure, bool members)
    {
        await using var server = await TestServer.StartAsync();
        var (user, id) = await server.UserAsync("ann", role);
        var inside = user.ForProject(server.ProjectId);
        Assert.Empty(await inside.ListAsync("machines", TestServer.Token));
        Assert.Equal(404, (await TestServer.RefusedAsync(() => inside.ListAsync("externalhandlers", TestServer.Token))).Status);
        async Task<int> StatusAsync(Func<Task> call)
        {
            try
            {
                await call();
                return 200;
            }
            catch (CattleException e)
            {
                return e.Status;
            }
        }

        Assert.Equal(infrastructure ? 200 : 403, await StatusAsync(() => inside.CreateAsync("machines", new JsonObject { ["name"] = "m", ["mesosConfig"] = new JsonObject() }, TestServer.Token)));
        Assert.Equal(infrastructure ? 200 : 404, await StatusAsync(() => inside.CreateAsync("registrationtokens", [], TestServer.Token)));
        Assert.Equal(infrastructure ? 200 : 404, await StatusAsync(() => inside.CreateAsync("apikeys", [], TestServer.Token)));
        var project = (await user.GetAsync("projects", server.ProjectId, TestServer.Token))!;
        Assert.Equal(members, project.ActionUrl("setmembers") is not null);
        var list = new JsonObject { ["members"] = new JsonArray(TestServer.Member("owner", "1a1"), TestServer.Member(role, id)) };
        Assert.Equal(members ? 200 : 403, await StatusAsync(() => user.ActionAsync("projects", server.ProjectId, "setmembers", list, TestServer.Token)));
        Assert.Equal(members ? 200 : 403, await StatusAsync(() => user.UpdateAsync("projects", server.ProjectId, new JsonObject { ["description"] = "d" }, TestServer.Token)));
        Assert.Equal(members ? 200 : 403, await StatusAsync(() => user.DeleteAsync("projects", server.ProjectId, TestServer.Token)));
    }

    [Fact]
    public async Task Stranger_ToAnEnvironment_DoesNotSeeIt()
    {
        await using var server = await TestServer.StartAsync();
        var (user, _) = await server.UserAsync("bob");
        Assert.Null(await user.GetAsync("projects", server.ProjectId, TestServer.Token));
        Assert.Equal(403, (await TestServer.RefusedAsync(() => user.ForProject(server.ProjectId).ListAsync("machines", TestServer.Token))).Status);
        Assert.Equal(404, (await TestServer.RefusedAsync(() => user.ActionAsync("projects", server.ProjectId, "setmembers", new JsonObject { ["members"] = new JsonArray() }, TestServer.Token))).Status);
    }

    [Theory]
    [InlineData("""{}""", 422, "MissingRequired")]
    [InlineData("""{"members":[]}""", 422, "MissingRequired")]
    [InlineData("""{"members":[{"role":"member","externalIdType":"rancher_id","externalId":"1a1"}]}""", 400, "InvalidFormat")]
    [InlineData("""{"members":[{"externalIdType":"rancher_id","externalId":"1a1"}]}""", 400, "InvalidFormat")]
    [InlineData("""{"members":[{"role":"king","externalIdType":"rancher_id","externalId":"1a1"}]}""", 400, "InvalidFormat")]
    [InlineData("""{"members":[{"role":"owner","externalIdType":"rancher_id","externalId":"1a999"}]}""", 400, "InvalidFormat")]
    public async Task SetMembers_WithAWrongList_IsRefused(string body, int status, string code)
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(() => server.Admin.ActionAsync("projects", server.ProjectId, "setmembers", (JsonObject)JsonNode.Parse(body)!, TestServer.Token));
        Assert.Equal((status, code), (error.Status, error.Code));
    }

    [Fact]
    public async Task Environment_Deleted_TakesItsMachinesAndKeysAlong()
    {
        await using var two = await TwoAsync();
        var key = two.Server.Client("v1", two.Key.Text("publicValue")!, two.Key.Text("secretValue")!);
        await key.ListAsync("machines", TestServer.Token);
        Assert.Equal("removed", (await two.Server.Admin.DeleteAsync("projects", two.Server.ProjectId, TestServer.Token)).State);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => key.ListAsync("machines", TestServer.Token))).Status);
        await two.Scheduler.ReplyAsync(await two.Scheduler.NextAsync(), CattleReply.Done());
        await two.Server.WaitForStateAsync(two.Machine.Id, "removed");
    }
}
