using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>Templates and spares on the whole road, with simulated machines.</summary>
public sealed class PoolTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_AfterTheFirst_IsACopyOfTheTemplateThatWasMadeMeanwhile()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var road = new Road(cluster);
        Assert.Equal("cold", await WayAsync(road, "first"));
        await road.PoolAsync("template", "made", 1, Token);
        Assert.Equal("template", await WayAsync(road, "second"));
    }

    [Fact]
    public async Task Host_WithAWarmPool_IsClaimedAndReplaced()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Warm = "1" }, Token);
        var road = new Road(cluster);
        var taken = await road.PoolAsync("warm", "ready", 1, Token);
        Assert.Equal("warm", await WayAsync(road, "first"));
        await road.PoolAsync("warm", "ready", 1, Token, taken);
        Assert.Equal("warm", await WayAsync(road, "second"));

        var host = (await road.Client.ListAsync("hosts", Token)).Single(h => h.Name == "first" || h.Text("hostname") == "first");
        Assert.Equal("active", host.State);
    }

    [Fact]
    public async Task Host_MadeCold_LeavesThePoolAlone()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Warm = "1" }, Token);
        var road = new Road(cluster);
        await road.PoolAsync("warm", "ready", 1, Token);
        Assert.Equal("cold", await WayAsync(road, "first", new JsonObject { ["startFrom"] = "cold" }));
        await road.PoolAsync("warm", "ready", 1, Token);
    }

    [Fact]
    public async Task Pool_SwitchedOff_LeavesNoExecutor()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Warm = "2" }, Token);
        var road = new Road(cluster);
        await road.PoolAsync("warm", "ready", 2, Token);
        await road.SettingAsync("pool.warm", "0", Token);
        await road.ExecutorsAsync(0, Token);
    }

    private static async Task<string?> WayAsync(Road road, string name, JsonObject? config = null)
    {
        var id = await road.CreateAsync(name, Token, config ?? []);
        await road.StateAsync(id, ["active"], Token);
        return (await road.Client.GetAsync("machines", id, Token))!.Text("way");
    }
}
