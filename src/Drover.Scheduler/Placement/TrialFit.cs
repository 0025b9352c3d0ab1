namespace Drover.Scheduler.Placement;

/// <summary>What the scheduler knows of the cluster at a moment, for answers only: an offer is never used from memory.</summary>
/// <param name="Places">What each agent last had free, with what the pool holds there: it gives way.</param>
/// <param name="Placed">Where machines are already.</param>
/// <param name="Queue">Needs that wait, in their order.</param>
/// <param name="Oldest">When the oldest of the places was offered; null when there is none.</param>
internal sealed record KnownCluster(IReadOnlyList<Place> Places, IReadOnlyList<PlacedMachine> Placed, IReadOnlyList<PlacementNeed> Queue, DateTimeOffset? Oldest);

/// <summary>Where machines would go if they were asked for now.</summary>
/// <param name="Fits">How many find a place.</param>
/// <param name="Agents">By agent, in the order in which they are taken: how many.</param>
/// <param name="Places">Every known agent: what it has free behind those that wait, and why it does not fit; null where it does.</param>
/// <param name="Waiting">Why the first that finds none would wait; null when all fit.</param>
internal sealed record TrialResult(int Fits, IReadOnlyList<(string Hostname, int Count)> Agents, IReadOnlyList<(Place Place, string? Misfit)> Places, WaitingExplanation? Waiting);

/// <summary>Tries a placement with the matcher that launches use. Pure.</summary>
internal static class TrialFit
{
    /// <param name="need">Of each of them.</param>
    public static TrialResult Try(PlacementNeed need, int count, KnownCluster cluster)
    {
        // Who waits already has the first choice.
        var needs = Enumerable.Range(0, count).Select(number => need with { MachineId = $"{need.MachineId}-{number}" }).ToList();
        var ahead = Matcher.Match(cluster.Queue, cluster.Places, cluster.Placed);
        var left = Left(cluster.Places, ahead);
        List<PlacedMachine> placed = [.. cluster.Placed, .. Placed(ahead, cluster.Places)];
        var found = Matcher.Match(needs, left, placed);
        var agents = found.Assignments.GroupBy(assignment => left[assignment.Place].Hostname, StringComparer.Ordinal).Select(group => (group.Key, group.Count())).ToList();

        var misfits = PlacementExplainer.Misfits(need, left, new PlacementUsage(placed)).ToDictionary(misfit => (misfit.Place.AgentId, misfit.Place.Role));
        var places = left.Select(place => (place, misfits.GetValueOrDefault((place.AgentId, place.Role)) is { } misfit ? Describe(misfit) : null)).ToList();
        WaitingExplanation? waiting = null;
        if (found.Waiting.Count > 0)
        {
            var behind = Left(left, found);
            waiting = PlacementExplainer.Explain(need, cluster.Queue.Count + found.Assignments.Count, behind, new PlacementUsage([.. placed, .. Placed(found, left)]));
        }

        return new TrialResult(found.Assignments.Count, agents, places, waiting);
    }

    private static List<Place> Left(IReadOnlyList<Place> places, MatchResult match) => [.. places.Select((place, number) => place with { Free = match.Left[number] })];

    private static IEnumerable<PlacedMachine> Placed(MatchResult match, IReadOnlyList<Place> places) =>
        match.Assignments.Select(assignment => new PlacedMachine(assignment.Need.EnvironmentId, places[assignment.Place].AgentId, places[assignment.Place].Attributes));

    private static string Describe(Misfit misfit)
    {
        var reasons = misfit.Broken.Select(rule => $"does not match {rule}").ToList();
        Add(misfit.Missing.Cpus, $"lacks {Amounts.CpuText(misfit.Missing.Cpus)}");
        Add(misfit.Missing.Memory, $"lacks {Amounts.SizeText(misfit.Missing.Memory)} of memory");
        Add(misfit.Missing.Disk, $"lacks {Amounts.SizeText(misfit.Missing.Disk)} of disk");
        return string.Join("; ", reasons);

        void Add(long missing, string text)
        {
            if (missing > 0)
            {
                reasons.Add(text);
            }
        }
    }
}
