using System.Collections.Concurrent;
using System.Globalization;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>Rounds of create, death of the executor at some durable step, and delete; afterwards nothing may be left that nobody owns.</summary>
/// <remarks><c>DROVER_SWEEP_ROUNDS</c> says how many (default 100). The seed is printed and can be given as <c>DROVER_SWEEP_SEED</c>.</remarks>
[Trait("needs", "minutes")]
public sealed class SweepTests(ITestOutputHelper output)
{
    private const int AtOnce = 8;

    /// <summary>A life has fewer steps than this; one in three executors passes all of them and lives.</summary>
    private const int StepsToDraw = 30;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="warm">Spares to keep: then templates, spares and claimed machines die as well.</param>
    /// <param name="share">One in so many of the rounds.</param>
    [Theory]
    [InlineData("0", 1)]
    [InlineData("2", 4)]
    public async Task CreateKillDelete_ManyRounds_NothingIsLeftBehind(string warm, int share)
    {
        var rounds = (Number("DROVER_SWEEP_ROUNDS") ?? 100) / share;
        var seed = Number("DROVER_SWEEP_SEED") ?? Random.Shared.Next();
        var random = new Random(seed);
        var died = new ConcurrentBag<string>();
        var calm = false;
        Action<string> Steps()
        {
            int fatal;
            lock (random)
            {
                fatal = calm ? int.MaxValue : random.Next(1, StepsToDraw);
            }

            var switchOff = new KillSwitch();
            return step =>
            {
                if (Interlocked.Decrement(ref fatal) == 0)
                {
                    died.Add(step);
                    switchOff.Bury();
                }

                switchOff.Reached(step);
            };
        }

        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { ExecutorSteps = Steps, Warm = warm }, Token);
        var road = new Road(cluster);
        Task RunAsync(int first) => Parallel.ForEachAsync(Enumerable.Range(first, rounds), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token }, async (round, token) =>
        {
            var id = await road.CreateAsync(string.Create(CultureInfo.InvariantCulture, $"r-{round}"), token);
            bool wait;
            lock (random)
            {
                wait = random.Next(2) == 0;
            }

            if (wait)
            {
                await road.StateAsync(id, ["active", "error"], token);
            }

            await road.RemoveAsync(id, token);
            await road.StateAsync(id, ["removed", "purged"], token);
        });

        await RunAsync(0);
        if (died.Count <= rounds / 4)
        {
            // Few rounds may all have had luck; as many again hardly.
            await RunAsync(rounds);
        }

        // One that lives clears up after all that died before it.
        calm = true;
        await road.SettingAsync("pool.warm", "0", Token);
        await road.SettingAsync("pool.templates", "off", Token);
        await road.ExecutorsAsync(0, Token);
        var last = await road.CreateAsync("last", Token);
        await road.StateAsync(last, ["active"], Token);
        await road.RemoveAsync(last, Token);
        await road.StateAsync(last, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);

        output.WriteLine($"{rounds} rounds, seed {seed}, {died.Count} executors died at {died.Distinct(StringComparer.Ordinal).Count()} different steps");
        Assert.True(died.Count > rounds / 4, $"only {died.Count} executors died in {rounds} rounds");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(cluster.Data, "machines", "ledger")).Select(path => $"{path}: {File.ReadAllText(path)}"));
        Assert.Empty(Things(cluster.Data));
        Assert.Empty(await road.Client.ListAsync("machines", [new("removed_null", "1")], Token));
        Assert.Empty(await road.Client.ListAsync("hosts", [new("removed_null", "1")], Token));
    }

    /// <summary>What a machine has on disk, looked for without asking the code that is to remove it.</summary>
    private static IEnumerable<string> Things(string data) =>
        Directory.EnumerateFileSystemEntries(Path.Combine(data, "mesos"), "*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".qcow2", StringComparison.Ordinal) || path.EndsWith(".sock", StringComparison.Ordinal) || Path.GetFileName(path) == "guest");

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
