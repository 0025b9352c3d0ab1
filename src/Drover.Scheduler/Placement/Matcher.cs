namespace Drover.Scheduler.Placement;

/// <summary>Matches the whole queue against a whole batch of offers. Pure: the same input gives the same answer.</summary>
/// <remarks>
/// Requests are served in queue order, so an earlier one has the first choice; one that fits nowhere does not hold up those behind it.
/// Among the places that fit, GROUP_BY's least used value comes first, then the agent with the fewest machines of ours, then the smallest
/// place that is big enough (CPUs, memory, disk), then the one that comes first in the batch. Nothing is placed twice and no place is overdrawn.
/// The cost is about <c>(places + requests) · log places</c>: a request never looks at every place.
/// </remarks>
internal static class Matcher
{
    public static MatchResult Match(IReadOnlyList<PlacementNeed> queue, IReadOnlyList<Place> places, IEnumerable<PlacedMachine> placed)
    {
        var usage = new PlacementUsage(placed);
        var index = new PlaceIndex(places);
        var free = places.Select(p => p.Free).ToArray();
        var sets = new Dictionary<string, CandidateSet>(StringComparer.Ordinal);
        var setsOf = new List<CandidateSet>?[places.Count];
        var dynamicSets = new Dictionary<string, List<CandidateSet>>(StringComparer.Ordinal);
        var assignments = new List<Assignment>();
        var waiting = new List<PlacementNeed>();

        foreach (var need in queue)
        {
            var set = SetFor(need);
            if (set.Find(need.Amounts) is { } place)
            {
                assignments.Add(new Assignment(need, place));
                Take(need, place);
            }
            else
            {
                waiting.Add(need);
            }
        }

        return new MatchResult(assignments, waiting, free, index.Comparisons + sets.Values.Sum(s => s.Visits));

        CandidateSet SetFor(PlacementNeed need)
        {
            if (sets.TryGetValue(need.CandidateKey, out var set))
            {
                return set;
            }

            set = new CandidateSet(need, index.Eligible(need.Constraints), places, free, usage);
            sets.Add(need.CandidateKey, set);
            foreach (var place in set.Places)
            {
                (setsOf[place] ??= []).Add(set);
            }

            if (need.IsDynamic)
            {
                (dynamicSets.TryGetValue(need.EnvironmentId, out var list) ? list : dynamicSets[need.EnvironmentId] = []).Add(set);
            }

            return set;
        }

        void Take(PlacementNeed need, int place)
        {
            var at = places[place];
            free[place] -= need.Amounts;
            usage.Add(new PlacedMachine(need.EnvironmentId, at.AgentId, at.Attributes));
            foreach (var sibling in index.OfAgent(at.AgentId))
            {
                foreach (var set in setsOf[sibling] ?? [])
                {
                    set.Changed(sibling, places[sibling], free[sibling]);
                }
            }

            foreach (var set in dynamicSets.GetValueOrDefault(need.EnvironmentId) ?? [])
            {
                set.Used(at, index);
            }
        }
    }
}

/// <summary>What was decided.</summary>
/// <param name="Assignments">In queue order.</param>
/// <param name="Waiting">Those that fit nowhere, in queue order.</param>
/// <param name="Left">What is free at each place afterwards.</param>
/// <param name="Comparisons">Work done, counted.</param>
internal sealed record MatchResult(IReadOnlyList<Assignment> Assignments, IReadOnlyList<PlacementNeed> Waiting, IReadOnlyList<Amounts> Left, long Comparisons);
