using System.Text.Json.Nodes;
using Drover.Server.Storage;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Api;

/// <summary>Filters, sort, pages: cattle-api §1.5.</summary>
public class CollectionTests
{
    private static async Task<TestServer> WithMachinesAsync(params string[] names)
    {
        var server = await TestServer.StartAsync();
        foreach (var name in names)
        {
            await server.MachineAsync(name, name == "web-2" ? new JsonObject { ["description"] = "second" } : null);
            server.Time.Advance(TimeSpan.FromSeconds(10));
        }

        return server;
    }

    [Theory]
    [InlineData("name=web-1", "web-1")]
    [InlineData("name_ne=web-1", "db-1 web-2")]
    [InlineData("name_prefix=web", "web-1 web-2")]
    [InlineData("name_like=%25-1", "db-1 web-1")]
    [InlineData("name_notlike=web%25", "db-1")]
    [InlineData("name_gt=db-1", "web-1 web-2")]
    [InlineData("name_lte=web-1", "db-1 web-1")]
    [InlineData("description_null=1", "db-1 web-1")]
    [InlineData("description_null=%3Cnil%3E", "db-1 web-1")]
    [InlineData("description_notnull=true", "web-2")]
    [InlineData("description_ne=second", "db-1 web-1")]
    [InlineData("id=1ph2", "web-1")]
    [InlineData("id_ne=1ph2", "db-1 web-2")]
    [InlineData("id=nonsense", "")]
    [InlineData("accountId=1a5", "db-1 web-1 web-2")]
    [InlineData("accountId=1a6", "")]
    [InlineData("removed_null=1&state_ne=inactive&state_ne=stopped&state_ne=removing&system=false&all=true&limit=-2", "db-1 web-1 web-2")]
    [InlineData("name_ne=web-1&name_ne=web-2", "db-1")]
    [InlineData("created_gt=2026-03-01T12:00:05Z", "web-1 web-2")]
    [InlineData("labels=x&nonsense_ne=1", "db-1 web-1 web-2")]
    public async Task Filter_OnTheList_SelectsTheRows(string query, string expected)
    {
        await using var server = await WithMachinesAsync("db-1", "web-1", "web-2");
        var page = await server.Project.PageAsync($"machines?{query}", TestServer.Token);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), page.Data.Select(m => m.Name!).Order());
    }

    [Fact]
    public async Task Collection_OnTheWire_HasCattlesShape()
    {
        await using var server = await WithMachinesAsync("a", "b", "c");
        var json = (await server.Project.PageAsync("machines?name_ne=b&limit=1", TestServer.Token)).Json;
        Assert.Equal(("collection", "machine"), ((string?)json["type"], (string?)json["resourceType"]));
        Assert.Equal($"{server.Address.AbsoluteUri}v1/projects/1a5/machines", (string?)json["links"]!["self"]);
        Assert.Equal("""[{"modifier":"ne","value":"b"}]""", json["filters"]!["name"]!.ToJsonString());
        Assert.True(json["filters"]!.AsObject().ContainsKey("state") && json["filters"]!["state"] is null);
        Assert.Equal((1, true), ((int)json["pagination"]!["limit"]!, (bool)json["pagination"]!["partial"]!));
        Assert.Contains("sort=name", (string?)json["sortLinks"]!["name"], StringComparison.Ordinal);
        Assert.Equal($"{server.Address.AbsoluteUri}v1/projects/1a5/machines", (string?)json["createTypes"]!["machine"]);
        var next = await server.Project.PageAsync((string)json["pagination"]!["next"]!, TestServer.Token);
        Assert.Equal("c", next.Data.Single().Name);
        Assert.Null(next.Next);
    }

    [Theory]
    [InlineData("sort=name", "a b c d e")]
    [InlineData("sort=name&order=desc", "e d c b a")]
    [InlineData("sort=created&order=desc", "e d c b a")]
    [InlineData("order=desc", "e d c b a")]
    [InlineData("sort=nonsense", "a b c d e")]
    public async Task Pages_InAnyOrder_GiveEveryRowOnce(string query, string expected)
    {
        await using var server = await WithMachinesAsync("a", "b", "c", "d", "e");
        var names = new List<string>();
        for (string? next = $"machines?{query}&limit=2"; next is not null;)
        {
            var page = await server.Project.PageAsync(next, TestServer.Token);
            Assert.InRange(page.Data.Count, 1, 2);
            names.AddRange(page.Data.Select(m => m.Name!));
            next = page.Next;
        }

        Assert.Equal(expected.Split(' '), names);
    }

    [Fact]
    public async Task Pages_WhileRowsGo_MissNone()
    {
        await using var server = await WithMachinesAsync("a", "b", "c", "d");
        var first = await server.Project.PageAsync("machines?limit=2&removed_null=1", TestServer.Token);
        await server.Project.DeleteAsync("machines", first.Data[0].Id, TestServer.Token);
        await server.WaitForStateAsync(first.Data[0].Id, "removed");
        var second = await server.Project.PageAsync(first.Next!, TestServer.Token);
        Assert.Equal(["c", "d"], second.Data.Select(m => m.Name));
    }

    [Fact]
    public async Task Removed_InLists_ShowForFiveMinutesAndByIdUntilPurged()
    {
        await using var server = await TestServer.StartAsync(d => new ServerOptions { DataDirectory = d, PasswordIterations = 1000, PurgeDelay = TimeSpan.FromHours(1) });
        var machine = await server.MachineAsync("m");
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await server.WaitForStateAsync(machine.Id, "removed");
        Assert.Single(await server.Project.ListAsync("machines", TestServer.Token));
        Assert.Empty(await server.Project.ListAsync("machines", [new("removed_null", "1")], TestServer.Token));
        server.Time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        Assert.Empty(await server.Project.ListAsync("machines", TestServer.Token));
        Assert.Equal("removed", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
    }

    [Fact]
    public async Task Link_ToACollection_ListsItsRowsAndFollowsRules()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var hosts = await server.Project.PageAsync((await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Link("hosts")!, TestServer.Token);
        Assert.Equal(machine.Text("hostId"), hosts.Data.Single().Id);
        var back = await server.Project.SendAsync(HttpMethod.Get, hosts.Data[0].Link("physicalHost")!, null, TestServer.Token);
        Assert.Equal(machine.Id, (string?)back["id"]);
        var processes = await server.Project.PageAsync($"machines/{machine.Id}/processes", TestServer.Token);
        Assert.Equal(["physicalhost.create", "physicalhost.bootstrap"], processes.Data.Select(p => p.Text("processName")));
        Assert.Null(hosts.Data[0].Link("agent"));
    }

    private static readonly TimeSpan s_quick = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task List_OfAThousandMachines_TakesLittleTime()
    {
        await using var server = await TestServer.StartAsync();
        await using (var db = server.OpenDatabase())
        {
            for (var i = 0; i < 1000; i++)
            {
                db.Machines.Add(new MachineRow
                {
                    Uuid = Guid.NewGuid().ToString(), Kind = "machine", State = "active", AccountId = 5, Created = TestServer.Noon, Name = $"m{i}", NameKey = $"m{i}", ExternalId = $"x{i}", Driver = "mesos",
                    Fields = (JsonObject)JsonNode.Parse("""{"mesosConfig":{"cpus":1,"memory":"1GiB","disk":"10GiB","image":"drover","network":"user","constraints":[]},"labels":{"a":"1"},"stages":[{"stage":"queue","status":"done"},{"stage":"boot","status":"done"}]}""")!,
                });
            }

            await db.StoreAsync("test", TestServer.Token);
        }

        var best = TimeSpan.MaxValue;
        for (var began = TimeProvider.System.GetTimestamp(); best > s_quick && TimeProvider.System.GetElapsedTime(began) < TestServer.Patience;)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/v1/projects/1a5/machines?limit=1000"));
            request.Headers.Authorization = server.Admin.Authorization;
            using var response = await server.Http.SendAsync(request, TestServer.Token);
            Assert.True((await response.Content.ReadAsByteArrayAsync(TestServer.Token)).Length > 1_000_000);
            best = watch.Elapsed < best ? watch.Elapsed : best;
        }

        // The goal is 100 ms on a quiet machine. On a busy one the best of many counts: a quick list is quick once in a while, a slow one never.
        TestContext.Current.SendDiagnosticMessage($"1000 machines in {best.TotalMilliseconds:0} ms");
        Assert.True(best <= s_quick, $"1000 machines took {best.TotalMilliseconds:0} ms");
    }
}
