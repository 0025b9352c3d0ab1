namespace Drover.LocalMesos;

/// <summary>Everything a master knows. Touched by its mailbox only.</summary>
internal sealed class MasterBooks
{
    public MasterBooks(MasterStore store)
    {
        foreach (var (info, completed) in store.Frameworks())
        {
            if (completed is not null)
            {
                CompletedFrameworks.Add(info.Id.Value);
            }
            else
            {
                Frameworks[info.Id.Value] = new MasterFramework(info) { Recovered = true };
            }
        }

        foreach (var (info, unreachable, gone) in store.Agents())
        {
            if (gone)
            {
                GoneAgents.Add(info.Id.Value);
            }
            else if (unreachable is { } since)
            {
                UnreachableAgents[info.Id.Value] = new TimeInfo { Nanoseconds = since };
            }
            else
            {
                RecoveredAgents[info.Id.Value] = info;
            }
        }
    }

    /// <summary>This run's id: part of every id that it makes.</summary>
    public string MasterId { get; } = Guid.NewGuid().ToString();

    public Dictionary<string, MasterFramework> Frameworks { get; } = new(StringComparer.Ordinal);

    /// <summary>Ids that are dead.</summary>
    public HashSet<string> CompletedFrameworks { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, MasterAgent> Agents { get; } = new(StringComparer.Ordinal);

    /// <summary>Registered with the last run, not yet back.</summary>
    public Dictionary<string, AgentInfo> RecoveredAgents { get; } = new(StringComparer.Ordinal);

    /// <summary>With the time since when.</summary>
    public Dictionary<string, TimeInfo> UnreachableAgents { get; } = new(StringComparer.Ordinal);

    public HashSet<string> GoneAgents { get; } = new(StringComparer.Ordinal);

    public IEnumerable<MasterTask> TasksOf(string agentId) =>
        Frameworks.Values.SelectMany(f => f.Tasks.Values).Where(t => t.AgentId == agentId);

    /// <summary>What tasks and executors hold on an agent, of one framework or of all.</summary>
    public Resources Allocated(MasterAgent agent, string? frameworkId = null)
    {
        var held = TasksOf(agent.Id)
            .Where(t => !t.State.IsTerminal() && (frameworkId is null || t.FrameworkId == frameworkId))
            .SelectMany(t => t.Task.Resources);
        var executors = agent.Executors
            .Where(e => frameworkId is null || e.Key.Framework == frameworkId)
            .SelectMany(e => e.Value.Resources);
        return Resources.Of(held.Concat(executors));
    }

    /// <summary>What a framework's tasks and executors hold everywhere.</summary>
    public Resources AllocatedTo(string frameworkId) =>
        Agents.Values.Aggregate(Resources.Empty, (sum, agent) => sum.Add(Allocated(agent, frameworkId)));
}
