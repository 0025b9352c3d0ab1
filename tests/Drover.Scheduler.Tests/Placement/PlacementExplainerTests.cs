using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Tests.Placement;

public sealed class PlacementExplainerTests
{
    private static readonly PlacementUsage s_unused = new([]);

    [Fact]
    public void Explain_NoAgents_SaysThatNothingWasOffered() =>
        Assert.Contains("No agent has offered anything yet", Explain(Need(), []).Reason, StringComparison.Ordinal);

    [Fact]
    public void Explain_EveryAgentTooSmall_NamesTheBestOfEachResource()
    {
        var waiting = Explain(Need(cpus: 4), [Place("a", 1, 8), Place("b", 3, 1)]);
        Assert.Contains("needs 4 CPUs, 2 GiB memory, 10 GiB disk", waiting.Reason, StringComparison.Ordinal);
        Assert.Contains("2 have too few free CPUs (at most 3 CPUs, on b)", waiting.Reason, StringComparison.Ordinal);
        Assert.Contains("1 has too little free memory (at most 1 GiB, on b)", waiting.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_TwoWaysToFit_SuggestsTheSmallerChange()
    {
        var waiting = Explain(Need(cpus: 4), [Place("a", 1, 8), Place("b", 3, 8)]);
        Assert.Equal("It would fit on b with 1 CPU less.", waiting.Suggestion);
    }

    [Fact]
    public void Explain_RuleBroken_CountsItAndSuggestsToDropItLast()
    {
        var waiting = Explain(Need(cpus: 2, rule: "rack:EQUALS:x"), [Place("a", 8, 8)]);
        Assert.Contains("1 does not match rack:EQUALS:x", waiting.Reason, StringComparison.Ordinal);
        Assert.Equal("It would fit on a without rack:EQUALS:x.", waiting.Suggestion);
        Assert.Equal("It would fit on b with 1 CPU less.", Explain(Need(cpus: 2, rule: "rack:EQUALS:x"), [Place("a", 8, 8), Place("b", 1, 8, "x")]).Suggestion);
    }

    [Fact]
    public void Explain_UniqueValueUsed_CountsAsBroken()
    {
        var usage = new PlacementUsage([new PlacedMachine("e", "a", new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = "a" })]);
        var waiting = PlacementExplainer.Explain(Need(rule: "hostname:UNIQUE"), 3, [Place("a", 8, 8)], usage);
        Assert.Contains("does not match hostname:UNIQUE", waiting.Reason, StringComparison.Ordinal);
        Assert.Equal(3, waiting.Ahead);
    }

    [Fact]
    public void Explain_OneHadEnough_SuggestsNothing() =>
        Assert.Null(Explain(Need(), [Place("a", 8, 8)]).Suggestion);

    [Fact]
    public void Misfits_MixedAgents_TellEachOnesReason()
    {
        var misfits = PlacementExplainer.Misfits(Need(cpus: 2, rule: "rack:EQUALS:x"), [Place("fits", 8, 8, "x"), Place("small", 1, 8, "x"), Place("elsewhere", 8, 8, "y")], s_unused);
        Assert.Equal(["small", "elsewhere"], misfits.Select(m => m.Place.Hostname));
        Assert.Equal(1000, misfits[0].Missing.Cpus);
        Assert.Equal("rack:EQUALS:x", Assert.Single(misfits[1].Broken).ToString());
    }

    private static WaitingExplanation Explain(PlacementNeed need, IReadOnlyList<Place> places) => PlacementExplainer.Explain(need, 0, places, s_unused);

    private static PlacementNeed Need(double cpus = 1, string? rule = null) =>
        new("m", "e", Amounts.Of(cpus, 2048, 10240), rule is null ? [] : [PlacementConstraint.TryParse(rule, out _)!]);

    private static Place Place(string name, double cpus, double gibibytes, string? rack = null)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = name };
        if (rack is not null)
        {
            attributes["rack"] = rack;
        }

        return new Place { AgentId = name, Hostname = name, Attributes = attributes, Free = Amounts.Of(cpus, gibibytes * 1024, 900_000) };
    }
}
