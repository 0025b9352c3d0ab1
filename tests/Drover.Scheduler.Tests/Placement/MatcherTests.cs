using Drover.Scheduler.Placement;
using FsCheck.Xunit;

namespace Drover.Scheduler.Tests.Placement;

public sealed class MatcherTests
{
    private static readonly string[] s_rules =
    [
        "", "rack:EQUALS:r1", "rack:LIKE:r[12]", "rack:UNLIKE:r1", "rack:UNIQUE", "rack:GROUP_BY", "rack:GROUP_BY:3", "hostname:UNIQUE", "hostname:EQUALS:h1", "missing:UNLIKE:x",
    ];

    [Property(MaxTest = 2000)]
    public void Match_AnyBatch_IsWhatAnOrderedSearchOfAllPlacesWouldFind(byte[] places, byte[] needs, byte[] placed)
    {
        var (batch, queue, there) = (Places(places), Needs(needs), Placed(placed));
        var result = Matcher.Match(queue, batch, there);
        Assert.Equal(Naive(queue, batch, there), result.Assignments.Select(a => (a.Need.MachineId, a.Place)));
    }

    [Property(MaxTest = 200)]
    public void Match_AnyBatch_NeverOverdrawsAndNeverPlacesTwice(byte[] places, byte[] needs)
    {
        var (batch, queue) = (Places(places), Needs(needs));
        var result = Matcher.Match(queue, batch, []);
        for (var i = 0; i < batch.Count; i++)
        {
            var taken = result.Assignments.Where(a => a.Place == i).Aggregate(default(Amounts), (sum, a) => sum + a.Need.Amounts);
            Assert.True(batch[i].Free.Covers(taken), $"{batch[i].Free} is less than {taken}");
            Assert.Equal(batch[i].Free - taken, result.Left[i]);
        }

        var all = result.Assignments.Select(a => a.Need.MachineId).Concat(result.Waiting.Select(n => n.MachineId)).ToList();
        Assert.Equal(queue.Select(n => n.MachineId).Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
    }

    [Property(MaxTest = 100)]
    public void Match_SameInput_SameAnswer(byte[] places, byte[] needs) =>
        Assert.Equal(
            Matcher.Match(Needs(needs), Places(places), []).Assignments.Select(a => (a.Need.MachineId, a.Place)),
            Matcher.Match(Needs(needs), Places(places), []).Assignments.Select(a => (a.Need.MachineId, a.Place)));

    [Property(MaxTest = 100)]
    public void Match_MoreRequestsBehind_DoNotChangeThoseBefore(byte[] places, byte[] needs)
    {
        var (batch, queue) = (Places(places), Needs(needs));
        var half = queue.Take(queue.Count / 2).ToList();
        var alone = Matcher.Match(half, batch, []).Assignments.Select(a => (a.Need.MachineId, a.Place));
        Assert.Equal(alone, Matcher.Match(queue, batch, []).Assignments.Select(a => (a.Need.MachineId, a.Place)).Take(alone.Count()));
    }

    [Fact]
    public void Match_EqualAgents_SpreadsBeforeItFills()
    {
        var places = Enumerable.Range(0, 3).Select(i => Place($"a{i}", 8000)).ToList();
        var result = Matcher.Match([.. Enumerable.Range(0, 6).Select(i => Need(i))], places, [new PlacedMachine("e", "a0", new Dictionary<string, string>(StringComparer.Ordinal))]);
        Assert.Equal([1, 2, 1, 2, 0, 1], result.Assignments.Select(a => a.Place));
    }

    [Fact]
    public void Match_UnequalAgents_TakesTheSmallestThatIsBigEnough()
    {
        var result = Matcher.Match([Need(0, cpus: 2000)], [Place("big", 64000), Place("small", 1000), Place("fit", 2000)], []);
        Assert.Equal(2, Assert.Single(result.Assignments).Place);
    }

    [Fact]
    public void Match_OneThatFitsNowhere_DoesNotHoldUpThoseBehind()
    {
        var result = Matcher.Match([Need(0, cpus: 99000), Need(1)], [Place("a", 4000)], []);
        Assert.Equal("m1", Assert.Single(result.Assignments).Need.MachineId);
        Assert.Equal("m0", Assert.Single(result.Waiting).MachineId);
    }

    [Fact]
    public void Match_TenThousandOffersAndAThousandRequests_NeverComparesAllWithAll()
    {
        var places = Enumerable.Range(0, 10_000).Select(i => Place($"a{i}", 4000 + (i % 13 * 1000), ("rack", $"r{i % 40}"))).ToList();
        var queue = Enumerable.Range(0, 1000).Select(i => Need(i, cpus: 1000 + (i % 5 * 500), rule: s_rules[i % s_rules.Length])).ToList();

        var result = Matcher.Match(queue, places, []);

        Assert.True(result.Assignments.Count > 800, $"{result.Assignments.Count} placed");
        // All with all would be 10,000,000. Building ten ordered sets of up to 10,000 places costs most of this.
        Assert.InRange(result.Comparisons, 1, 3_000_000);
    }

    [Fact]
    public void Match_PlainRequests_CostsAboutLogarithmOfThePlacesEach()
    {
        var places = Enumerable.Range(0, 10_000).Select(i => Place($"a{i}", 8000)).ToList();
        var none = Matcher.Match([Need(0)], places, []).Comparisons;
        var many = Matcher.Match([.. Enumerable.Range(0, 1001).Select(i => Need(i))], places, []).Comparisons;
        Assert.InRange((many - none) / 1000d, 1, 200);
    }

    private static Place Place(string agent, long cpus, params (string Name, string Value)[] attributes)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = $"h-{agent}" };
        foreach (var (name, value) in attributes)
        {
            all[name] = value;
        }

        return new Place { AgentId = agent, Hostname = $"h-{agent}", Attributes = all, Free = new Amounts(cpus, 64_000_000, 900_000_000) };
    }

    private static PlacementNeed Need(int i, long cpus = 1000, string rule = "") =>
        new($"m{i}", "e", new Amounts(cpus, 1_000_000, 10_000_000), rule.Length == 0 ? [] : [PlacementConstraint.TryParse(rule, out _)!]);

    private static List<Place> Places(byte[] seeds) =>
        [.. seeds.Select((b, i) => new Place
        {
            AgentId = $"a{(b % 5 == 0 ? 0 : i)}",
            Role = $"{i}",
            Hostname = $"h{i % 4}",
            Attributes = b % 7 == 0 ? Attributes($"h{i % 4}", null) : Attributes($"h{i % 4}", $"r{b % 4}"),
            Free = new Amounts(b % 6, b % 5, b % 7),
        })];

    private static List<PlacementNeed> Needs(byte[] seeds) =>
        [.. seeds.Select((b, i) => new PlacementNeed($"m{i:d4}", $"e{b % 2}", new Amounts(b % 4, b % 3, b % 2), Rules(b)))];

    private static List<PlacementConstraint> Rules(byte b) =>
        [.. new[] { s_rules[b % s_rules.Length], s_rules[b / 11 % s_rules.Length] }.Where(r => r.Length > 0).Distinct().Select(r => PlacementConstraint.TryParse(r, out _)!)];

    private static List<PlacedMachine> Placed(byte[] seeds) =>
        [.. seeds.Select(b => new PlacedMachine($"e{b % 2}", $"a{b % 6}", Attributes($"h{b % 4}", $"r{b % 4}")))];

    private static Dictionary<string, string> Attributes(string hostname, string? rack)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = hostname };
        if (rack is not null)
        {
            attributes["rack"] = rack;
        }

        return attributes;
    }

    /// <summary>The rule as the matcher's remarks tell it, by looking at everything each time.</summary>
    private static List<(string, int)> Naive(List<PlacementNeed> queue, List<Place> places, List<PlacedMachine> placed)
    {
        var usage = new PlacementUsage(placed);
        var free = places.Select(p => p.Free).ToArray();
        var result = new List<(string, int)>();
        foreach (var need in queue)
        {
            var groups = need.Constraints.Where(c => c.Operator == ConstraintOperator.GroupBy).ToList();
            int Used(PlacementConstraint c, int p) => usage.OnValue(need.EnvironmentId, c.Attribute, places[p].Attribute(c.Attribute) ?? "");
            bool Allowed(PlacementConstraint c, int p) => c.Allows(places[p].Attribute(c.Attribute))
                && (c.Operator != ConstraintOperator.Unique || Used(c, p) == 0)
                && (c.Operator != ConstraintOperator.GroupBy || usage.UsedValues(need.EnvironmentId, c.Attribute) >= c.MinimumGroups || Used(c, p) == 0);
            var fits = Enumerable.Range(0, places.Count).Where(p => free[p].Covers(need.Amounts) && need.Constraints.All(c => Allowed(c, p))).ToList();
            if (fits.Count == 0)
            {
                continue;
            }

            // Groups of equal use: the one whose roomiest place is smallest, then the one whose first place that the rules allow comes first.
            var candidates = Enumerable.Range(0, places.Count).Where(p => need.Constraints.All(c => c.Allows(places[p].Attribute(c.Attribute)) && (c.Operator != ConstraintOperator.Unique || Used(c, p) == 0))).ToList();
            string Key(int p) => string.Join('\n', groups.Select(c => places[p].Attribute(c.Attribute)));
            var best = fits.GroupBy(Key).Select(g => new { Places = g, Use = groups.Sum(c => Used(c, g.First())), Max = Largest(candidates.Where(p => Key(p) == g.Key)) })
                .OrderBy(g => g.Use).ThenBy(g => g.Max.Cpus).ThenBy(g => g.Max.Memory).ThenBy(g => g.Max.Disk).ThenBy(g => FirstOf(g.Places.Key)).First();
            var place = best.Places.OrderBy(p => usage.OnAgent(places[p].AgentId)).ThenBy(p => free[p].Cpus).ThenBy(p => free[p].Memory).ThenBy(p => free[p].Disk).ThenBy(p => p).First();
            free[place] -= need.Amounts;
            usage.Add(new PlacedMachine(need.EnvironmentId, places[place].AgentId, places[place].Attributes));
            result.Add((need.MachineId, place));

            Amounts Largest(IEnumerable<int> group) => group.Aggregate(default(Amounts), (m, p) => Amounts.Max(m, free[p]));
            int FirstOf(string key) => Enumerable.Range(0, places.Count).First(p => Key(p) == key && need.Constraints.All(c => c.Allows(places[p].Attribute(c.Attribute))));
        }

        return result;
    }
}
