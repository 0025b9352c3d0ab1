using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Pool;

/// <summary>Which members of the pool must go so that waiting machines fit. Pure.</summary>
internal static class GiveWay
{
    /// <summary>Waiting machines that are looked at in one go; the others' turn comes when these have their place.</summary>
    private const int MostNeeds = 50;

    /// <summary>The smallest set for each need in queue order. What is stopping already counts as free: it only has to be waited for.</summary>
    /// <param name="places">What each agent has free, as far as is known; one that is not among them has nothing.</param>
    public static IReadOnlyList<PoolMember> Choose(IEnumerable<PlacementNeed> waiting, IReadOnlyList<Place> places, IReadOnlyCollection<PoolMember> members, PlacementUsage usage)
    {
        var held = members.Where(m => m.HasTask).ToList();
        if (held.Count == 0)
        {
            return [];
        }

        var free = Free(places, held);
        var chosen = new List<PoolMember>();
        foreach (var need in waiting.Take(MostNeeds))
        {
            if (Best(need, free, held, chosen, usage) is not var (place, set))
            {
                continue;
            }

            chosen.AddRange(set);
            var left = set.Aggregate(place.Free, (sum, m) => sum + m.Amounts) - need.Amounts;
            free[free.FindIndex(p => ReferenceEquals(p, place))] = place with { Free = left };
        }

        return chosen;
    }

    /// <summary>The place where the fewest have to go, and who; null when that would not help anywhere.</summary>
    private static (Place Place, IReadOnlyList<PoolMember> Set)? Best(PlacementNeed need, List<Place> free, List<PoolMember> held, List<PoolMember> chosen, PlacementUsage usage)
    {
        (Place, IReadOnlyList<PoolMember> Set)? best = null;
        foreach (var place in free)
        {
            if (PlacementExplainer.Misfits(need with { Amounts = default }, [place], usage).Count > 0)
            {
                continue;
            }

            if (place.Free.Covers(need.Amounts))
            {
                return (place, []);
            }

            var candidates = held.Where(m => m.AgentId == place.AgentId && m.State != PoolState.Stopping && !chosen.Contains(m)).ToList();
            if (Smallest(need.Amounts, place.Free, candidates) is { } set && (best is null || set.Count < best.Value.Set.Count))
            {
                best = (place, set);
            }
        }

        return best;
    }

    /// <summary>One that is enough by itself, the cheapest such; else one after the other, the cheapest first.</summary>
    private static List<PoolMember>? Smallest(Amounts need, Amounts free, List<PoolMember> candidates)
    {
        var byCost = candidates.OrderBy(Cost).ThenBy(m => m.Class.MemoryBytes).ThenByDescending(m => m.CreatedAt).ToList();
        if (byCost.FirstOrDefault(m => (free + m.Amounts).Covers(need)) is { } one)
        {
            return [one];
        }

        var set = new List<PoolMember>();
        foreach (var member in byCost)
        {
            set.Add(member);
            free += member.Amounts;
            if (free.Covers(need))
            {
                // The last ones may have made some of the first superfluous.
                foreach (var early in set.ToList().Where(m => (free - m.Amounts).Covers(need)))
                {
                    if ((free - early.Amounts).Covers(need))
                    {
                        set.Remove(early);
                        free -= early.Amounts;
                    }
                }

                return set;
            }
        }

        return null;
    }

    /// <summary>What has cost least goes first: a spare that is not ready, then one that is, then half a template.</summary>
    private static int Cost(PoolMember member) => member.Kind == PoolKind.Template ? 2 : member.State == PoolState.Ready ? 1 : 0;

    /// <summary>One place per agent, with what is on its way back.</summary>
    private static List<Place> Free(IReadOnlyList<Place> places, List<PoolMember> held)
    {
        var known = places.Select(p => p.AgentId).ToHashSet(StringComparer.Ordinal);
        var full = held.DistinctBy(m => m.AgentId).Where(m => !known.Contains(m.AgentId)).Select(m => new Place
        {
            AgentId = m.AgentId,
            Hostname = m.Placement.Hostname,
            Attributes = m.Placement.Attributes,
            Free = default,
        });
        return [.. places.DistinctBy(p => p.AgentId).Concat(full).Select(p => p with
        {
            Free = held.Where(m => m.AgentId == p.AgentId && m.State == PoolState.Stopping).Aggregate(p.Free, (sum, m) => sum + m.Amounts),
        })];
    }
}
