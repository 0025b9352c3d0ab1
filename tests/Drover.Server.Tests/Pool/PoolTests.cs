using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Pool;

/// <summary>What schedulers tell of their pools, and the settings that they follow.</summary>
public sealed class PoolTests
{
    [Fact]
    public async Task Pool_ToldByAScheduler_IsReadByAdminsWholeAndByMembersWithoutOwners()
    {
        await using var server = await TestServer.StartAsync();
        await TellAsync(server);

        var forAdmin = Assert.Single(await server.Admin.ListAsync("pools", TestServer.Token));
        var forMember = await server.Project.GetAsync("pools", "droverMesos", TestServer.Token);

        Assert.Equal((1.0, 1.0), (forAdmin.Number("ready"), forAdmin.Number("made")));
        Assert.Equal("1ph7", (string?)forAdmin.Json["members"]![1]!["machineId"]);
        Assert.Null(forMember!.Json["members"]![1]!["machineId"]);
        Assert.Null(forMember.Json["members"]![1]!["message"]);
        Assert.Equal("waits", (string?)forMember.Json["members"]![0]!["message"]);
    }

    [Fact]
    public async Task Pool_OfASilentScheduler_IsForgotten()
    {
        await using var server = await TestServer.StartAsync();
        await TellAsync(server);
        server.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Empty(await server.Admin.ListAsync("pools", TestServer.Token));
    }

    [Fact]
    public async Task Pool_WrittenByAPerson_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(() => TellAsync(server, server.Admin));
        Assert.Equal(403, error.Status);
    }

    [Theory]
    [InlineData("pool.warm", "2", true)]
    [InlineData("pool.warm", "auto", true)]
    [InlineData("pool.warm", "-1", false)]
    [InlineData("pool.warm", "101", false)]
    [InlineData("pool.warm", "many", false)]
    [InlineData("pool.templates", "off", true)]
    [InlineData("pool.templates", "maybe", false)]
    public async Task Setting_OfThePool_IsCheckedAndComesWithTheAnswer(string name, string value, bool good)
    {
        await using var server = await TestServer.StartAsync();
        if (!good)
        {
            Assert.Equal(422, (await TestServer.RefusedAsync(() => SetAsync(server, name, value))).Status);
            return;
        }

        await SetAsync(server, name, value);
        var answer = await TellAsync(server);
        Assert.Equal(value, answer.Text(name["pool.".Length..]));
    }

    [Fact]
    public async Task Setting_Changed_IsToldToTheScheduler()
    {
        await using var server = await TestServer.StartAsync();
        await TellAsync(server);
        await using var events = await EventReader.OpenAsync(server.Service, "pool.change;handler=droverMesos");
        await SetAsync(server, "pool.warm", "1");
        Assert.Equal("droverMesos", (await events.UntilAsync(e => e.BaseName == "pool.change")).ResourceId);
    }

    [Fact]
    public async Task Options_OfAStart_GoBeforeWhatWasSet()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            await using (var first = await TestServer.StartAsync(directory: directory))
            {
                await SetAsync(first, "pool.warm", "3");
            }

            await using (var kept = await TestServer.StartAsync(directory: directory))
            {
                Assert.Equal("3", (await TellAsync(kept)).Text("warm"));
            }

            await using var second = await TestServer.StartAsync(data => new ServerOptions { DataDirectory = data, PasswordIterations = 1000, PoolWarm = "auto", DefaultNetwork = "nat" }, directory);
            var told = await TellAsync(second);
            Assert.Equal(("auto", "nat"), (told.Text("warm"), told.Text("network")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Task<CattleResource> SetAsync(TestServer server, string name, string value) =>
        server.Admin.UpdateAsync("settings", name, new JsonObject { ["value"] = value }, TestServer.Token);

    private static async Task<CattleResource> TellAsync(TestServer server, CattleClient? by = null) =>
        await (by ?? server.Service).UpdateAsync("pools", "droverMesos", new JsonObject
        {
            ["members"] = new JsonArray(
                new JsonObject { ["id"] = "t", ["kind"] = "template", ["state"] = "made", ["message"] = "waits" },
                new JsonObject { ["id"] = "c", ["kind"] = "warm", ["state"] = "claimed", ["machineId"] = "1ph7", ["message"] = "Taken by web-1." },
                new JsonObject { ["id"] = "r", ["kind"] = "warm", ["state"] = "ready" }),
        }, TestServer.Token);
}
