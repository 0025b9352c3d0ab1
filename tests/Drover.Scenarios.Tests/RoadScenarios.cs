namespace Drover.Scenarios.Tests;

/// <summary>The product's main road as a user walks it, with real QEMU and Docker. Minutes under emulation.</summary>
[Trait("needs", "qemu")]
public sealed class RoadScenarios
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_MakesAHost_AndSurvivesAKillOfTheControlPlane()
    {
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        var up = await drover.UpAsync(Token, "--accel", "auto", "--start-from", "cold");
        Assert.Contains(drover.Url, up.Output, StringComparison.Ordinal);
        Assert.Contains("admin", up.Output, StringComparison.Ordinal);
        var first = Assert.Single(await drover.HostsAsync(Token)).Value;
        Assert.Equal(("active", "cold"), ((string?)first["state"], (string?)first["way"]));
        var firstQemu = Assert.Single(drover.Processes(), p => p.Name.StartsWith("qemu", StringComparison.Ordinal));

        await drover.MustAsync(Token, "host", "create", "web-2", "--wait");
        var second = (await drover.HostsAsync(Token))["web-2"];
        Assert.Equal(("active", "template"), ((string?)second["state"], (string?)second["way"]));

        await drover.MustAsync(Token, "host", "rm", "web-2", "--yes");
        Assert.DoesNotContain("web-2", (await drover.HostsAsync(Token)).Keys);
        Assert.Equal(firstQemu.Id, Assert.Single(drover.Processes(), p => p.Name.StartsWith("qemu", StringComparison.Ordinal)).Id);

        drover.Daemon().Kill();
        await drover.UpAsync(Token);
        var name = (string)first["name"]!;
        await Eventually.BecomesAsync("the first host is active again", () => drover.HostsAsync(Token), hosts => (string?)hosts[name]["state"] == "active", TimeSpan.FromSeconds(60), Token);
        Assert.True(firstQemu.IsAlive, "the running machine must not notice");

        await drover.MustAsync(Token, "down");
        Assert.Empty(drover.Processes());
    }

    [Fact]
    public async Task Up_OnASecondStart_ItsNewHostIsACopyOfTheTemplate()
    {
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token);
        await drover.MustAsync(Token, "down");
        await drover.UpAsync(Token);

        var host = Assert.Single(await drover.HostsAsync(Token)).Value;
        Assert.Equal(("active", "template"), ((string?)host["state"], (string?)host["way"]));
    }

    [Fact]
    public async Task Qemu_Killed_HostFailsWithCauseAndConsole()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--no-host");
        var creating = drover.RunAsync(Token, "host", "create", "doomed", "--start-from", "cold", "--wait");
        var qemu = await Eventually.BecomesAsync("QEMU runs", () => Task.FromResult(drover.Processes().FirstOrDefault(p => p.Name.StartsWith("qemu", StringComparison.Ordinal))), p => p is not null, TimeSpan.FromSeconds(90), Token);
        qemu!.Kill();
        var result = await creating;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("boot", result.Error + result.Output, StringComparison.Ordinal);
        Assert.Equal("error", (string?)(await drover.HostsAsync(Token))["doomed"]["state"]);

        await drover.MustAsync(Token, "host", "rm", "doomed", "--yes");
        await OnlyDroverdAsync(drover);
    }

    [Fact]
    public async Task Host_DeletedWhileItBoots_LeavesNothing()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--no-host");
        await drover.MustAsync(Token, "host", "create", "brief", "--start-from", "cold", "--no-wait");
        await Eventually.BecomesAsync("QEMU runs", () => Task.FromResult(drover.Processes().Count(p => p.Name.StartsWith("qemu", StringComparison.Ordinal))), n => n == 1, TimeSpan.FromSeconds(90), Token);
        await drover.MustAsync(Token, "host", "rm", "brief", "--yes");
        Assert.Empty(await drover.HostsAsync(Token));
        await OnlyDroverdAsync(drover);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(drover.Data, "mesos"), "disk.qcow2", SearchOption.AllDirectories));
    }

    /// <summary>An executor has a last word with its agent after its machine is gone.</summary>
    private static async Task OnlyDroverdAsync(DroverInstance drover) =>
        await Eventually.BecomesAsync("only droverd runs", () => Task.FromResult(drover.Processes()), p => p.All(x => x.Name == "droverd"), TimeSpan.FromMinutes(2), Token);
}
