using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Tests.Placement;

public sealed class TrialFitTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Trial_OneThatFits_NamesTheAgentThatALaunchWouldTake()
    {
        var cluster = Cluster([Place("a", 8, 8), Place("b", 2, 4), Place("small", 0.5, 8)]);
        var result = TrialFit.Try(Need(), 1, cluster);
        var launch = Matcher.Match([Need()], cluster.Places, []);
        Assert.Equal(cluster.Places[launch.Assignments[0].Place].Hostname, result.Agents.Single().Hostname);
        Assert.Null(result.Waiting);
        Assert.Equal("lacks 0.5 CPUs", result.Places.Single(place => place.Misfit is not null).Misfit);
        Assert.Equal("Fits now on b; one other agent would do as well.", TrialWords.Describe(result, 1, cluster, s_now));
    }

    [Fact]
    public void Trial_OfMoreThanFit_TellsHowManyAndWhyTheOthersWait()
    {
        var cluster = Cluster([Place("a", 2, 8), Place("b", 1, 8)]);
        var result = TrialFit.Try(Need(), 5, cluster);
        Assert.Equal(3, result.Fits);
        Assert.Equal([("a", 2), ("b", 1)], result.Agents.OrderBy(agent => agent.Hostname, StringComparer.Ordinal));
        var words = TrialWords.Describe(result, 5, cluster, s_now);
        Assert.StartsWith("3 of 5 fit now (", words, StringComparison.Ordinal);
        Assert.Contains("2 have too few free CPUs", words, StringComparison.Ordinal);
    }

    /// <summary>What waits already takes its place first.</summary>
    [Fact]
    public void Trial_BehindAQueue_SeesWhatTheQueueLeaves()
    {
        var cluster = Cluster([Place("a", 1, 8)]) with { Queue = [Need() with { MachineId = "first" }] };
        var result = TrialFit.Try(Need(), 1, cluster);
        Assert.Equal(0, result.Fits);
        Assert.EndsWith("One host waits already and comes first.", TrialWords.Describe(result, 1, cluster, s_now), StringComparison.Ordinal);
    }

    [Fact]
    public void Trial_WithARule_CountsItsOwnMachines()
    {
        var need = Need() with { Constraints = [PlacementConstraint.TryParse("hostname:UNIQUE", out _)!] };
        var result = TrialFit.Try(need, 3, Cluster([Place("a", 8, 8), Place("b", 8, 8)]));
        Assert.Equal(2, result.Fits);
        Assert.All(result.Agents, agent => Assert.Equal(1, agent.Count));
    }

    [Fact]
    public void Trial_OfAnUnknownCluster_SaysSo()
    {
        var cluster = new KnownCluster([], [], [], null);
        var words = TrialWords.Describe(TrialFit.Try(Need(), 1, cluster), 1, cluster, s_now);
        Assert.StartsWith("It is not known now where it would fit.", words, StringComparison.Ordinal);
        Assert.Contains("No agent has offered anything yet", words, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_OfOldKnowledge_TellItsAge()
    {
        var cluster = Cluster([Place("a", 8, 8)]) with { Oldest = s_now - TimeSpan.FromMinutes(12) };
        Assert.EndsWith("As last known 12 min ago.", TrialWords.Describe(TrialFit.Try(Need(), 1, cluster), 1, cluster, s_now), StringComparison.Ordinal);
    }

    private static KnownCluster Cluster(IReadOnlyList<Place> places) => new(places, [], [], s_now);

    private static PlacementNeed Need() => new("m", "e", Amounts.Of(1, 2048, 10240), []);

    private static Place Place(string name, double cpus, double gibibytes) => new()
    {
        AgentId = name,
        Hostname = name,
        Attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = name },
        Free = Amounts.Of(cpus, gibibytes * 1024, 900_000),
    };
}
