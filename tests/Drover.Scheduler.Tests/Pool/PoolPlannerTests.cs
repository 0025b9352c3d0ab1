using Drover.Scheduler.Pool;

namespace Drover.Scheduler.Tests.Pool;

public sealed class PoolPlannerTests
{
    [Fact]
    public void Plan_NothingWanted_DoesNothing() => Assert.Empty(Plan("0"));

    [Fact]
    public void Plan_SparesWanted_MakesTheTemplateFirst()
    {
        var step = Assert.IsType<PoolStep.Add>(Assert.Single(Plan("2")));
        Assert.Equal((PoolKind.Template, Some.Size()), (step.Kind, step.Class));
    }

    [Theory]
    [InlineData(PoolState.Planned)]
    [InlineData(PoolState.Launching)]
    [InlineData(PoolState.Gone)]
    public void Plan_TemplateNotThere_AddsNoSpares(object state) => Assert.Empty(Plan("2", [Some.Template((PoolState)state)]));

    [Fact]
    public void Plan_TemplateThere_FillsUpOnEachAgent()
    {
        var steps = Plan("2", [Some.Template(), Some.Spare(), Some.Template(agent: "a2")], agents: ["a1", "a2"]).OfType<PoolStep.Add>().ToList();
        Assert.All(steps, s => Assert.Equal(PoolKind.Spare, s.Kind));
        Assert.Equal(["a1", "a2", "a2"], steps.Select(s => s.Agent.AgentId));
    }

    [Fact]
    public void Plan_WithoutTemplates_FillsUpAtOnce() => Assert.Equal(2, Plan("2", templates: "off").Count);

    [Fact]
    public void Plan_WhereSparesFailedJustNow_WaitsWithNewOnes() => Assert.Empty(Plan("2", [Some.Template()], backsOff: true));

    [Fact]
    public void Plan_FewerWanted_StopsTheYoungestAndLeastReady()
    {
        var old = Some.Spare(age: 9);
        var young = Some.Spare(age: 1);
        var launching = Some.Spare(PoolState.Launching, age: 5);
        Assert.Equal([young.Id, launching.Id], Plan("1", [Some.Template(), launching, young, old]).OfType<PoolStep.Stop>().Select(s => s.Member.Id).Order(new ByOrder([young.Id, launching.Id])));
    }

    [Fact]
    public void Plan_NoneWantedAnyMore_StopsSparesAndKeepsWhatIsKnownOfTemplates()
    {
        var spare = Some.Spare();
        Assert.Equal(spare.Id, Assert.IsType<PoolStep.Stop>(Assert.Single(Plan("0", [Some.Template(), spare]))).Member.Id);
    }

    [Fact]
    public void Plan_TemplatesOff_StopsThoseInTheMaking()
    {
        var making = Some.Template(PoolState.Launching);
        Assert.Equal(making.Id, Assert.IsType<PoolStep.Stop>(Assert.Single(Plan("0", [making, Some.Template(of: Some.Size(2))], templates: "off"))).Member.Id);
    }

    [Fact]
    public void Plan_ImageReplaced_StopsAllOfTheOldOne()
    {
        var old = Some.Size(digest: "old");
        var steps = Plan("1", [Some.Template(of: old), Some.Spare(of: old)]);
        Assert.Equal(2, steps.OfType<PoolStep.Stop>().Count());
        Assert.Equal(Some.Size(), Assert.Single(steps.OfType<PoolStep.Add>()).Class);
    }

    [Fact]
    public void Wanted_Fixed_StandardFirstThenTheMostAsked()
    {
        var wanted = PoolPlanner.Wanted(Sight("1", [], "auto", ["a1"], Asks(2, 3, 3, 4, 4, 4, 5), false));
        Assert.Equal([Some.Size(1), Some.Size(4), Some.Size(3)], wanted.Select(w => w.Class));
    }

    [Fact]
    public void Wanted_Adaptive_IsNothingUntilSomebodyAsks() => Assert.Empty(PoolPlanner.Wanted(Sight("auto", [], "auto", ["a1"], [], false)));

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 1, 4)]
    [InlineData(4, 2, 2)]
    [InlineData(50, 1, PoolPlanner.MostAdaptive)]
    [InlineData(1, 3, 1)]
    public void Wanted_Adaptive_FollowsTheDemandWithinBounds(int asks, int agents, int each)
    {
        var sight = Sight("auto", [], "auto", [.. Enumerable.Range(1, agents).Select(i => $"a{i}")], Asks([.. Enumerable.Repeat(1, asks)]), false);
        Assert.Equal(each, Assert.Single(PoolPlanner.Wanted(sight)).Count);
    }

    [Fact]
    public void Wanted_Adaptive_FallsToOneWhenNobodyAskedForAWhile()
    {
        var sight = Sight("auto", [], "auto", ["a1"], [.. Asks(1, 1, 1).Select(a => a with { At = Some.Now - TimeSpan.FromMinutes(20) })], false);
        Assert.Equal(1, Assert.Single(PoolPlanner.Wanted(sight)).Count);
    }

    private static PoolAsk[] Asks(params int[] memory) => [.. memory.Select(m => new PoolAsk(Some.Now, Some.Size(m)))];

    private static IReadOnlyList<PoolStep> Plan(string warm, PoolMember[]? members = null, string templates = "auto", string[]? agents = null, bool backsOff = false) =>
        PoolPlanner.Plan(Sight(warm, members ?? [], templates, agents ?? ["a1"], [], backsOff));

    private static PoolSight Sight(string warm, PoolMember[] members, string templates, string[] agents, PoolAsk[] asks, bool backsOff) => new()
    {
        Now = Some.Now,
        Settings = PoolSettings.Parse(warm, templates)!,
        Agents = [.. agents.Select(Some.Agent)],
        Members = members,
        Asks = asks,
        Standard = Some.Size(),
        Digests = new Dictionary<string, string>(StringComparer.Ordinal) { ["drover"] = "d" },
        BacksOff = (_, _) => backsOff,
    };

    private sealed class ByOrder(string[] order) : IComparer<string>
    {
        public int Compare(string? x, string? y) => Array.IndexOf(order, x).CompareTo(Array.IndexOf(order, y));
    }
}
