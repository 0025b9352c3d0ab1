using System.Collections.Concurrent;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>Kills each part whenever it, or another part, takes a durable step on the road of three machines – two made and removed, one removed
/// while it is made – and asks every time for the same end: wanted machines active, exactly once; removed ones gone; nothing left running.</summary>
/// <remarks>The steps are not listed by hand: a first walk without a kill tells them. Each pair of victim and step-taker has hundreds of moments;
/// <c>DROVER_KILL_CASES</c> says how many of them are taken, evenly spread (default 6; 0 takes all: thousands, an hour).</remarks>
[Trait("needs", "minutes")]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int AtOnce = 6;
    private const int MaxOccurrences = 25;

    private static readonly Part[] Parts = Enum.GetValues<Part>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Limit => int.TryParse(Environment.GetEnvironmentVariable("DROVER_KILL_CASES"), out var limit) ? limit : 6;

    /// <param name="warm">Spares to keep: with one, the machines are taken out of the pool, and the pool makes up for it.</param>
    /// <param name="share">These walks are longer: one in so many of the moments.</param>
    [Theory]
    [InlineData("0", 1)]
    [InlineData("1", 2)]
    public async Task EachPart_KilledAtEachStepOfAnyPart_NothingIsLostDoubledOrLeaked(string warm, int share)
    {
        using var template = await Template.MakeAsync(Token);
        var cases = await CasesAsync(template.Path, warm, Limit == 0 ? 0 : Math.Max(1, Limit / share));
        Assert.NotEmpty(cases);
        var failures = new ConcurrentQueue<string>();
        var kills = 0;
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token }, async (at, token) =>
        {
            try
            {
                if (await RunAsync(at, template.Path, warm, token))
                {
                    Interlocked.Increment(ref kills);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Enqueue($"{at}: {e.Message}");
            }
        });
        output.WriteLine($"{cases.Count} walks, {kills} kills");
        Assert.True(failures.IsEmpty, $"{failures.Count} of {cases.Count} walks ended badly:\n{string.Join('\n', failures)}");

        // Timing may let a walk pass by its moment, but not most of them.
        Assert.True(kills > cases.Count / 2, $"only {kills} of {cases.Count} walks met their moment");
    }

    private static async Task<bool> RunAsync(KillPoint at, string template, string warm, CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { ServerTemplate = template }, token);
        var moment = cluster.Switches[at.StepOf];
        moment.Arm(at.Step, at.Occurrence, onlyTell: at.StepOf != at.Victim);
        using var over = new CancellationTokenSource();
        var undertaker = BuryAsync(cluster, at.Victim, moment, over.Token);
        try
        {
            await WalkAsync(cluster, warm, token);
        }
        finally
        {
            await over.CancelAsync();
        }

        return await undertaker;
    }

    /// <summary>At the moment, ends the victim and starts its next incarnation. False when the moment never came.</summary>
    private static async Task<bool> BuryAsync(TestCluster cluster, Part victim, KillSwitch moment, CancellationToken over)
    {
        try
        {
            await moment.Struck.WaitAsync(over);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        await cluster.RestartAsync(victim, CancellationToken.None);
        return true;
    }

    private static async Task WalkAsync(TestCluster cluster, string warm, CancellationToken token)
    {
        var road = new Road(cluster);
        if (warm != "0")
        {
            await road.SettingAsync("pool.warm", warm, token);
            await road.PoolAsync("warm", "ready", 1, token);
        }

        var kept = await road.CreateAsync("kept", token, []);
        var gone = await road.CreateAsync("gone", token, []);
        await road.StateAsync(kept, ["active"], token);
        await road.StateAsync(gone, ["active"], token);
        var brief = await road.CreateAsync("brief", token, []);
        await road.RemoveAsync(brief, token);
        await road.RemoveAsync(gone, token);
        await road.StateAsync(brief, ["removed", "purged"], token);
        await road.StateAsync(gone, ["removed", "purged"], token);
        await road.SettingAsync("pool.warm", "0", token);
        await road.ExecutorsAsync(1, token);
        await road.StateAsync(kept, ["active"], token);

        await road.RemoveAsync(kept, token);
        await road.StateAsync(kept, ["removed", "purged"], token);
        await road.ExecutorsAsync(0, token);
        Assert.Empty(await road.MachinesAsync(token));
    }

    private static async Task<IReadOnlyList<KillPoint>> CasesAsync(string template, string warm, int limit)
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions { ServerTemplate = template }, Token);
        var atStart = Parts.ToDictionary(p => p, p => cluster.Switches[p].Steps.Count);
        await WalkAsync(cluster, warm, Token);
        return [.. Parts.SelectMany(stepOf => Parts.SelectMany(victim => Spread(
            [.. cluster.Switches[stepOf].Steps.Skip(atStart[stepOf]).GroupBy(s => s, StringComparer.Ordinal)
                .SelectMany(g => Enumerable.Range(1, Math.Min(g.Count(), MaxOccurrences)).Select(n => new KillPoint(victim, stepOf, g.Key, n)))], limit)))];
    }

    private static IEnumerable<KillPoint> Spread(IReadOnlyList<KillPoint> all, int limit) =>
        limit <= 0 || all.Count <= limit ? all : Enumerable.Range(0, limit).Select(i => all[i * all.Count / limit]);

    private sealed record KillPoint(Part Victim, Part StepOf, string Step, int Occurrence)
    {
        public override string ToString() => $"{Victim} killed at {StepOf} {Step}#{Occurrence}";
    }
}
