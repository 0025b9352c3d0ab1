using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests;

/// <summary>The same road on the real Mesos wire.</summary>
public sealed class LocalMesosTests
{
    [Fact]
    public async Task Machine_OnLocalMesos_RunsShowsItsConsoleSurvivesRestartsAndGoes()
    {
        await using var cluster = await LocalCluster.StartAsync();
        await cluster.UntilAsync(() => cluster.Cattle.Subscribers == 1, "subscribed to the server");
        var machine = cluster.Cattle.Create("1ph1");
        await cluster.Cattle.SendAsync("1ph1");
        await cluster.UntilAsync(() => machine.State == "bootstrapping", "running");
        await cluster.Cattle.SendAsync("1ph1");
        await cluster.UntilAsync(() => machine.State == "active", "active");
        Assert.Equal("simulated", (string?)machine.Fields["accelerator"]);

        var replyTo = await cluster.Cattle.SendAsync("1ph1", "physicalhost.console", new() { ["offset"] = 4 });
        await cluster.UntilAsync(() => cluster.Cattle.RepliesTo(replyTo).Count == 1, "console answered");
        Assert.Equal("1ph1 login: ", (string?)cluster.Cattle.RepliesTo(replyTo)[0]["data"]?["console"]?["text"]);

        await cluster.StopSchedulerAsync();
        await cluster.StopMasterAsync();
        await cluster.UntilAsync(() => cluster.Cattle.Subscribers == 0, "away");
        await cluster.StartSchedulerAsync();
        await cluster.StartMasterAsync();
        await cluster.UntilAsync(() => cluster.Status.Take() is { MasterConnected: true, ServerConnected: true }, "connected again");
        await cluster.UntilAsync(() => cluster.Cattle.Subscribers == 1, "subscribed again");
        Assert.Equal(1, cluster.Executors);
        Assert.Equal("running", Assert.Single(cluster.Status.Take().Tasks).State);

        cluster.Cattle.Delete("1ph1");
        await cluster.Cattle.SendAsync("1ph1");
        await cluster.UntilAsync(() => machine.State == "removed", "removed");
        await cluster.UntilAsync(() => cluster.Executors == 0, "without executors");
    }
}
