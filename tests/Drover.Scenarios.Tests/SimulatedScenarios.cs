using System.Text.Json.Nodes;

namespace Drover.Scenarios.Tests;

/// <summary>The same road with simulated machines: every process but QEMU is real. Seconds.</summary>
[Trait("needs", "build")]
public sealed class SimulatedScenarios
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_SecondTime_SaysSoAndChangesNothing()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        var daemon = drover.Daemon();
        var second = await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        Assert.Contains("already running", second.Output + second.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(daemon.Id, drover.Daemon().Id);
    }

    [Fact]
    public async Task Down_WithAWarmPool_EndsItInGoodOrder()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host", "--warm", "2");
        await Eventually.BecomesAsync(
            "two spares wait", () => drover.MustAsync(Token, "pool", "ls", "--format", "json"),
            pool => JsonNode.Parse(pool.Output)!.AsArray().Count(member => (string?)member!["kind"] == "warm" && (string?)member["state"] == "ready") == 2, TimeSpan.FromSeconds(60), Token);
        var down = await drover.MustAsync(Token, "down");
        Assert.Contains("nothing is left running", down.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("had to be ended", down.Output, StringComparison.Ordinal);
        Assert.Empty(drover.Processes());
    }

    [Fact]
    public async Task Up_PortInUse_FailsAndLeavesNothing()
    {
        await using var first = DroverInstance.Create();
        await first.UpAsync(Token, "--accel", "simulated", "--no-host");
        await using var second = DroverInstance.Create();
        var result = await second.RunAsync(Token, "up", "--detach", "--listen", first.Listen, "--accel", "simulated", "--no-host");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(first.Listen, result.Error, StringComparison.Ordinal);
        Assert.Empty(second.Processes());
    }

    [Fact]
    public async Task TwoInstances_RunSideBySide()
    {
        await using var one = DroverInstance.Create();
        await using var two = DroverInstance.Create();
        await one.UpAsync(Token, "--accel", "simulated", "--no-host");
        await two.UpAsync(Token, "--accel", "simulated", "--no-host");
        await one.MustAsync(Token, "host", "create", "only-here", "--wait");
        Assert.Single(await one.HostsAsync(Token));
        Assert.Empty(await two.HostsAsync(Token));
    }

    [Fact]
    public async Task Host_Removed_LeavesNoProcessAndNoFile()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host", "--templates", "off");
        await drover.MustAsync(Token, "host", "create", "stays", "--wait");
        var files = Files(drover);
        var processes = drover.Processes().Select(p => p.Id).Order().ToList();

        await drover.MustAsync(Token, "host", "create", "goes", "--wait");
        Assert.NotEmpty(Files(drover).Except(files));
        await drover.MustAsync(Token, "host", "rm", "goes", "--yes");

        // The executor ends a moment after its machine.
        await Eventually.BecomesAsync("nothing of it is left", () => Task.FromResult(Files(drover).Except(files).ToList()), left => left.Count == 0, TimeSpan.FromSeconds(30), Token);
        await Eventually.BecomesAsync("no process of it is left", () => Task.FromResult(drover.Processes().Select(p => p.Id).Order().ToList()), now => now.SequenceEqual(processes), TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Down_KeepHosts_NextUpFindsThemAgain()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        await drover.MustAsync(Token, "host", "create", "web", "--count", "2", "--wait");
        await drover.MustAsync(Token, "down", "--keep-hosts");
        var kept = drover.Processes();
        Assert.Equal(2, kept.Count(p => p.Name.StartsWith("drover-executo", StringComparison.Ordinal)));

        await drover.UpAsync(Token, "--accel", "simulated");
        await Eventually.BecomesAsync("both are active again", () => drover.HostsAsync(Token), hosts => hosts.Count == 2 && hosts.Values.All(h => (string?)h["state"] == "active"), TimeSpan.FromMinutes(2), Token);
        Assert.All(kept, p => Assert.True(p.IsAlive));
    }

    [Fact]
    public async Task Machine_FailsAtAStage_ShowsStageAndCause()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host", "--simulate", "fail=boot");
        var result = await drover.RunAsync(Token, "host", "create", "broken", "--wait");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("boot", result.Error, StringComparison.Ordinal);
        await drover.MustAsync(Token, "host", "rm", "broken", "--yes");
        Assert.Empty(await drover.HostsAsync(Token));
    }

    [Fact]
    public async Task Request_TooLarge_WaitsAndSaysWhy_UntilRemoved()
    {
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        await drover.MustAsync(Token, "host", "create", "huge", "--cpus", "200", "--no-wait");
        var hosts = await Eventually.BecomesAsync("it says why it waits", () => drover.MustAsync(Token, "host", "show", "huge"), r => r.Output.Contains("200", StringComparison.Ordinal) && r.Output.Contains("CPU", StringComparison.OrdinalIgnoreCase) && r.Output.Contains("offer", StringComparison.OrdinalIgnoreCase), TimeSpan.FromMinutes(2), Token);
        Assert.NotNull(hosts);
        drover.Daemon().Kill();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        Assert.Single(await drover.HostsAsync(Token));
        await drover.MustAsync(Token, "host", "rm", "huge", "--yes");
        Assert.Empty(await drover.HostsAsync(Token));
    }

    /// <summary>All folders and files but the stores' own.</summary>
    private static HashSet<string> Files(DroverInstance drover) =>
        [.. Directory.EnumerateFileSystemEntries(drover.Data, "*", SearchOption.AllDirectories).Where(path => !path.Contains(".db", StringComparison.Ordinal))];
}
