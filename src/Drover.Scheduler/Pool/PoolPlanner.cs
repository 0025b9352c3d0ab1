using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Pool;

/// <summary>What the planner sees.</summary>
internal sealed record PoolSight
{
    public required DateTimeOffset Now { get; init; }

    public required PoolSettings Settings { get; init; }

    /// <summary>Agent machines that have room for anything at all.</summary>
    public required IReadOnlyList<TaskPlacement> Agents { get; init; }

    public required IReadOnlyCollection<PoolMember> Members { get; init; }

    public required IReadOnlyList<PoolAsk> Asks { get; init; }

    /// <summary>What a machine is that was asked for without saying anything; null until its image is known.</summary>
    public PoolClass? Standard { get; init; }

    /// <summary>The images as they are now, by name.</summary>
    public required IReadOnlyDictionary<string, string> Digests { get; init; }

    /// <summary>Whether a spare of this class failed on this agent machine too recently to try again.</summary>
    public required Func<string, PoolClass, bool> BacksOff { get; init; }
}

/// <summary>One thing that the pool should do.</summary>
internal abstract record PoolStep
{
    private PoolStep()
    {
    }

    public sealed record Add(PoolKind Kind, PoolClass Class, TaskPlacement Agent, string Why) : PoolStep;

    public sealed record Stop(PoolMember Member, string Why) : PoolStep;
}

/// <summary>Decides which spares and templates there should be. Pure.</summary>
/// <remarks>
/// Now: the members. Wanted: on each agent machine, for each size in use, as many spares as the settings say, each a copy of a template;
/// and nothing of images that have been replaced. A fixed number is kept of the standard size and of those that were asked for lately. The adaptive
/// one follows the requests of the last minutes and falls back to nothing when nobody asks any more.
/// </remarks>
internal static class PoolPlanner
{
    /// <summary>Sizes that are kept at once; each costs memory on every agent machine.</summary>
    public const int MostClasses = 3;

    /// <summary>Spares of one size in the whole cluster, when their number follows the demand.</summary>
    public const int MostAdaptive = 8;

    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(10);

    public static IReadOnlyList<PoolStep> Plan(PoolSight sight)
    {
        var steps = new List<PoolStep>();
        var wanted = Wanted(sight);
        foreach (var member in sight.Members.Where(m => m.State is not (PoolState.Stopping or PoolState.Claimed)))
        {
            if (Surplus(member, sight, wanted) is { } why)
            {
                steps.Add(new PoolStep.Stop(member, why));
            }
        }

        var stopped = steps.OfType<PoolStep.Stop>().Select(s => s.Member.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var agent in sight.Agents)
        {
            foreach (var (of, count) in wanted)
            {
                Fill(sight, agent, of, count, stopped, steps);
            }
        }

        return steps;
    }

    /// <summary>Spares per agent machine and class.</summary>
    internal static IReadOnlyList<(PoolClass Class, int Count)> Wanted(PoolSight sight)
    {
        if (!sight.Settings.WantsSpares)
        {
            return [];
        }

        var asked = sight.Asks.Where(a => IsCurrent(a.Class, sight)).GroupBy(a => a.Class).OrderByDescending(g => g.Count()).ThenByDescending(g => g.Max(a => a.At)).ToList();
        if (sight.Settings.Warm is { } fixedCount)
        {
            var standard = sight.Standard is { } s ? new[] { s } : [];
            return [.. standard.Concat(asked.Select(g => g.Key)).Distinct().Take(MostClasses).Select(c => (c, fixedCount))];
        }

        var agents = Math.Max(1, sight.Agents.Count);
        return [.. asked.Take(MostClasses).Select(g =>
        {
            var recent = Math.Clamp(g.Count(a => sight.Now - a.At <= s_recent), 1, MostAdaptive);
            return (g.Key, (recent + agents - 1) / agents);
        })];
    }

    private static void Fill(PoolSight sight, TaskPlacement agent, PoolClass of, int count, HashSet<string> stopped, List<PoolStep> steps)
    {
        if (sight.Settings.Templates)
        {
            var template = sight.Members.FirstOrDefault(m => m.Kind == PoolKind.Template && m.AgentId == agent.AgentId && m.Class.SharesTemplate(of) && !stopped.Contains(m.Id));
            if (template is null && !steps.OfType<PoolStep.Add>().Any(a => a.Kind == PoolKind.Template && a.Agent.AgentId == agent.AgentId && a.Class.SharesTemplate(of)))
            {
                steps.Add(new PoolStep.Add(PoolKind.Template, of, agent, "Spares of this size are copies of a template."));
            }

            if (template?.State != PoolState.Ready)
            {
                return;
            }
        }

        var there = sight.Members.Count(m => m.Kind == PoolKind.Spare && m.AgentId == agent.AgentId && m.Class == of && !stopped.Contains(m.Id)
            && m.State is PoolState.Planned or PoolState.Offered or PoolState.Launching or PoolState.Ready);
        if (there < count && !sight.BacksOff(agent.AgentId, of))
        {
            steps.AddRange(Enumerable.Repeat(new PoolStep.Add(PoolKind.Spare, of, agent, "The pool keeps spares of this size."), count - there));
        }
    }

    private static string? Surplus(PoolMember member, PoolSight sight, IReadOnlyList<(PoolClass Class, int Count)> wanted)
    {
        if (!IsCurrent(member.Class, sight))
        {
            return "Its image was replaced.";
        }

        if (member.Kind == PoolKind.Template)
        {
            // One that is made stays known: it is there, whether more are made or not.
            return sight.Settings.Templates || member.State == PoolState.Ready ? null : "No templates are made any more.";
        }

        var count = wanted.FirstOrDefault(w => w.Class == member.Class).Count;
        if (count == 0)
        {
            return sight.Settings.WantsSpares ? "Nobody has asked for this size lately." : "No spares are kept any more.";
        }

        // The readiest and oldest stay.
        var rank = sight.Members
            .Where(m => m.Kind == PoolKind.Spare && m.AgentId == member.AgentId && m.Class == member.Class && m.State is not (PoolState.Stopping or PoolState.Claimed))
            .OrderByDescending(m => m.State).ThenBy(m => m.CreatedAt).ThenBy(m => m.Id, StringComparer.Ordinal)
            .TakeWhile(m => m.Id != member.Id).Count();
        return rank < count ? null : "There are more spares than are wanted.";
    }

    /// <summary>Images that nobody has looked up in this run count as unchanged.</summary>
    private static bool IsCurrent(PoolClass of, PoolSight sight) => !sight.Digests.TryGetValue(of.Image, out var digest) || digest == of.Digest;
}
