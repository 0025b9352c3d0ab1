using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>What a person does with a machine that is there, through server, scheduler, LocalMesos and executor.</summary>
public sealed class CommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machine_StoppedStartedAndBroughtBack_IsTheSameTaskAllTheTime()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("web-1", Token);
        await road.StateAsync(id, ["active"], Token);

        await ActAsync("snapshot", new JsonObject { ["name"] = "before" });
        await road.StateAsync(id, ["active"], Token);
        var machine = await road.Client.GetAsync("machines", id, Token);
        Assert.Equal("before", (string?)Assert.Single(machine!.Array("snapshots")!)!["name"]);

        await ActAsync("stop");
        await road.StateAsync(id, ["stopped"], Token);
        await ActAsync("limit", new JsonObject { ["diskBytes"] = "10MiB" });
        await road.StateAsync(id, ["stopped"], Token);
        Assert.Equal(10L << 20, (long?)(await road.Client.GetAsync("machines", id, Token))!.Object("limits")!["diskBytes"]);
        await ActAsync("start");
        await road.StateAsync(id, ["active"], Token);
        await ActAsync("restore", new JsonObject { ["name"] = "before" });
        await road.StateAsync(id, ["active"], Token);
        await ActAsync("reboot");
        await road.StateAsync(id, ["active"], Token);
        Assert.Equal("no", (await road.Client.GetAsync("machines", id, Token))!.Transitioning);
        Assert.Equal(1, cluster.Executors);
        Assert.Equal("active", Assert.Single(await road.Client.ListAsync("hosts", Token)).State);

        await road.RemoveAsync(id, Token);
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);

        async Task ActAsync(string verb, JsonObject? input = null) => await road.Client.ActionAsync("machines", id, verb, input ?? [], Token);
    }

    [Theory]
    [InlineData(Part.Server)]
    [InlineData(Part.Scheduler)]
    [InlineData(Part.Master)]
    [InlineData(Part.Agent)]
    public async Task Stop_WithAPartKilledMeanwhile_IsCarriedOutAllTheSame(Part part)
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Simulation = new() { ShutdownMilliseconds = 500 } }, Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("web-1", Token);
        await road.StateAsync(id, ["active"], Token);
        await road.Client.ActionAsync("machines", id, "stop", [], Token);
        await cluster.RestartAsync(part, Token);
        await road.StateAsync(id, ["stopped"], Token);
        await road.RemoveAsync(id, Token);
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);
    }
}
