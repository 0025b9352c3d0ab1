namespace Drover.Scheduler.Placement;

/// <summary>Why a machine waits, in sentences.</summary>
/// <param name="Reason">What it needs and why no place has it.</param>
/// <param name="Suggestion">The smallest change that would let it start; null when only waiting helps.</param>
/// <param name="Ahead">Waiting requests before it.</param>
internal sealed record WaitingExplanation(string Reason, string? Suggestion, int Ahead);

/// <summary>Why one place does not fit.</summary>
/// <param name="Place">The agent in question.</param>
/// <param name="Broken">Rules that it breaks.</param>
/// <param name="Missing">What it lacks of each resource; zero where it has enough.</param>
internal sealed record Misfit(Place Place, IReadOnlyList<PlacementConstraint> Broken, Amounts Missing);

/// <summary>Says for a waiting machine why each known place does not fit, and what smallest change would help.</summary>
internal static class PlacementExplainer
{
    /// <summary>A broken rule weighs more than asking for half of everything.</summary>
    private const double RuleWeight = 2;

    public static IReadOnlyList<Misfit> Misfits(PlacementNeed need, IReadOnlyList<Place> places, PlacementUsage usage) =>
        [.. places.Select(p => new Misfit(p, [.. need.Constraints.Where(c => !Allows(c, need, p, usage))], Missing(need.Amounts, p.Free)))
            .Where(m => m.Broken.Count > 0 || m.Missing != default)];

    /// <param name="places">What each agent last had free.</param>
    public static WaitingExplanation Explain(PlacementNeed need, int ahead, IReadOnlyList<Place> places, PlacementUsage usage)
    {
        var wants = $"Waiting for an offer: needs {need.Amounts}";
        if (places.Count == 0)
        {
            return new WaitingExplanation($"{wants}. No agent has offered anything yet.", null, ahead);
        }

        var misfits = Misfits(need, places, usage);
        if (misfits.Count < places.Count)
        {
            return new WaitingExplanation($"{wants}. {Count(places.Count - misfits.Count, "agent")} had enough a moment ago; waiting for the next offer.", null, ahead);
        }

        var reasons = new List<string>();
        foreach (var rule in need.Constraints)
        {
            Add(misfits.Count(m => m.Broken.Contains(rule)), $"do not match {rule}", $"does not match {rule}");
        }

        var matching = misfits.Where(m => m.Broken.Count == 0).ToList();
        Short("CPUs", m => m.Cpus, p => p.Cpus, Amounts.CpuText);
        Short("memory", m => m.Memory, p => p.Memory, Amounts.SizeText);
        Short("disk", m => m.Disk, p => p.Disk, Amounts.SizeText);
        return new WaitingExplanation($"{wants}. Of {Count(places.Count, "agent")}, {string.Join("; ", reasons)}.", Suggest(need, misfits), ahead);

        void Add(int count, string many, string one)
        {
            if (count > 0)
            {
                reasons.Add($"{count} {(count == 1 ? one : many)}");
            }
        }

        void Short(string what, Func<Amounts, long> missing, Func<Amounts, long> free, Func<long, string> text)
        {
            var without = matching.Where(m => missing(m.Missing) > 0).ToList();
            if (without.Count > 0)
            {
                var best = without.MaxBy(m => free(m.Place.Free))!;
                var most = $"too few free {what} (at most {text(free(best.Place.Free))}, on {best.Place.Hostname})";
                most = what == "CPUs" ? most : most.Replace("too few", "too little", StringComparison.Ordinal);
                Add(without.Count, "have " + most, "has " + most);
            }
        }
    }

    private static string Suggest(PlacementNeed need, IReadOnlyList<Misfit> misfits)
    {
        var best = misfits.MinBy(m => Cost(need, m))!;
        var changes = new List<string>();
        changes.AddRange(best.Broken.Select(rule => $"without {rule}"));
        Change(best.Missing.Cpus, $"{Amounts.CpuText(best.Missing.Cpus)} less");
        Change(best.Missing.Memory, $"{Amounts.SizeText(best.Missing.Memory)} less memory");
        Change(best.Missing.Disk, $"{Amounts.SizeText(best.Missing.Disk)} less disk");
        return $"It would fit on {best.Place.Hostname} {string.Join(" and ", changes)}.";

        void Change(long missing, string text)
        {
            if (missing > 0)
            {
                changes.Add((changes.Count == 0 ? "with " : "") + text);
            }
        }
    }

    private static double Cost(PlacementNeed need, Misfit misfit) =>
        (misfit.Broken.Count * RuleWeight)
        + Share(misfit.Missing.Cpus, need.Amounts.Cpus)
        + Share(misfit.Missing.Memory, need.Amounts.Memory)
        + Share(misfit.Missing.Disk, need.Amounts.Disk);

    private static double Share(long missing, long need) => need == 0 ? 0 : missing / (double)need;

    private static Amounts Missing(Amounts need, Amounts free) =>
        new(Math.Max(0, need.Cpus - free.Cpus), Math.Max(0, need.Memory - free.Memory), Math.Max(0, need.Disk - free.Disk));

    private static bool Allows(PlacementConstraint constraint, PlacementNeed need, Place place, PlacementUsage usage)
    {
        var value = place.Attribute(constraint.Attribute);
        if (!constraint.Allows(value) || value is null)
        {
            return constraint.Operator == ConstraintOperator.Unlike && constraint.Allows(value);
        }

        var used = usage.OnValue(need.EnvironmentId, constraint.Attribute, value);
        return constraint.Operator switch
        {
            ConstraintOperator.Unique => used == 0,
            ConstraintOperator.GroupBy => used == 0 || usage.UsedValues(need.EnvironmentId, constraint.Attribute) >= constraint.MinimumGroups,
            _ => true,
        };
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
