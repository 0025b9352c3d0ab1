using System.Globalization;
using System.Text.Json.Nodes;

namespace Drover.Scenarios.Tests;

/// <summary>Rounds of create, <c>kill -9</c> of the executor at a drawn moment, and delete, with real executors and real QEMU. Nothing may be left.</summary>
/// <remarks><c>DROVER_SWEEP_QEMU_ROUNDS</c> says how many (default 6; dozens were run by hand). Thousands run with simulated machines in the cluster tests.</remarks>
[Trait("needs", "qemu")]
public sealed class SweepScenarios(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CreateKillDelete_ManyRounds_NothingIsLeftBehind()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("DROVER_SWEEP_QEMU_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : 6;
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token, "--no-host");
        var killed = 0;
        for (var round = 0; round < rounds; round++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"r-{round}");
            await drover.MustAsync(Token, "host", "create", name, "--no-wait", "--start-from", round % 3 == 2 ? "cold" : "auto");
            var executor = await Eventually.BecomesAsync("an executor runs", () => Task.FromResult(drover.Processes().FirstOrDefault(p => p.Name == "drover-executor")), p => p is not null, TimeSpan.FromSeconds(60), Token);

            // The moment is drawn; what is awaited afterwards is a state.
            await Task.Delay(random.Next(0, 3000), Token);
            if (executor!.IsAlive)
            {
                executor.Kill();
                killed++;
            }

            await drover.MustAsync(Token, "host", "rm", name, "--yes");
        }

        output.WriteLine($"{rounds} rounds, {killed} kills, seed {seed}");
        Assert.True(killed > 0, "no executor was killed");

        // A template may just be made in the background.
        await drover.MustAsync(Token, "pool", "set", "0", "--templates", "off");
        await Eventually.BecomesAsync("only droverd runs", () => Task.FromResult(drover.Processes()), p => p.All(x => x.Name == "droverd"), TimeSpan.FromMinutes(3), Token);

        var repair = await drover.MustAsync(Token, "doctor", "--repair", "--format", "json");
        Assert.DoesNotContain(JsonNode.Parse(repair.Output)!.AsArray(), finding => (string?)finding!["state"] == "problem");
        var ledger = JsonNode.Parse((await drover.MustAsync(Token, "doctor", "ledger", "--format", "json")).Output)!.AsArray();
        Assert.DoesNotContain(ledger, entry => (string?)entry!["state"] == "left behind" || (string?)entry["machineId"] is { Length: > 0 });

        // And by looking ourselves.
        var left = Directory.EnumerateFiles(Path.Combine(drover.Data, "mesos"), "*", SearchOption.AllDirectories).Where(path => path.EndsWith(".qcow2", StringComparison.Ordinal) || path.EndsWith(".sock", StringComparison.Ordinal));
        Assert.Empty(left);
        Assert.Empty(await drover.HostsAsync(Token));
        await drover.MustAsync(Token, "down");
        Assert.Empty(drover.Processes());
    }
}
