using Drover.Testing;

namespace Drover.Cluster.Tests;

public sealed class RoadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machine_CreateToActiveToRemoved_LeavesNothing()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("web-1", Token);
        Assert.Equal("active", await road.StateAsync(id, ["active", "error"], Token));
        var host = Assert.Single(await road.Client.ListAsync("hosts", Token));
        Assert.Equal("active", host.State);
        Assert.Equal(id, host.Text("physicalHostId"));

        await road.RemoveAsync(id, Token);
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);
        Assert.Empty(await road.Client.ListAsync("hosts", [new("removed_null", "1")], Token));
    }

    [Fact]
    public async Task Machine_FailsWhileBooting_EndsInErrorWithStageAndCause()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Simulation = new() { FailAt = "boot" } }, Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("broken", Token);
        Assert.Equal("error", await road.StateAsync(id, ["active", "error"], Token));
        var machine = await road.Client.GetAsync("machines", id, Token);
        Assert.Equal("boot", (string?)machine!.Object("failure")?["stage"]);
        Assert.Equal("error", machine.Transitioning);

        await road.RemoveAsync(id, Token);
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);
    }

    [Theory]
    [InlineData("image")]
    [InlineData("boot")]
    [InlineData("docker")]
    public async Task Machine_RemovedWhileItHangs_IsGone(string stage)
    {
        // A template that is made meanwhile would hang at that stage, too.
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Simulation = new() { HangAt = stage }, Templates = "off" }, Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("slow", Token);
        await road.ExecutorsAsync(1, Token);
        await road.RemoveAsync(id, Token);
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);
    }

    [Fact]
    public async Task Machine_DiesWhileRunning_EndsInError()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { Simulation = new() { ExitAfterMilliseconds = 500 } }, Token);
        var road = new Road(cluster);
        var id = await road.CreateAsync("brief", Token);
        await road.StateAsync(id, ["error"], Token);
        await road.ExecutorsAsync(0, Token);
    }
}
