namespace Drover.LocalMesos;

/// <summary>Everything an agent knows. Touched by its mailbox only.</summary>
internal sealed class AgentBooks
{
    /// <summary>Null until the first registration.</summary>
    public string? AgentId { get; set; }

    /// <summary>Frameworks that were ended while executors of theirs still live.</summary>
    public HashSet<string> RemovedFrameworks { get; } = new(StringComparer.Ordinal);

    /// <summary>The newest run of each executor that lives, or whose tasks are not all acknowledged.</summary>
    public Dictionary<(string Framework, string Executor), AgentExecutor> Executors { get; } = [];

    /// <summary>Runs that are over and have nothing more to say, oldest first. Their sandboxes still exist.</summary>
    public List<AgentExecutor> Completed { get; } = [];

    /// <summary>Living executors of an earlier agent that have not subscribed yet.</summary>
    public HashSet<AgentExecutor> Awaited { get; } = [];

    /// <summary>Set when the store is read: before that nobody can be told who is known.</summary>
    public bool IsRead { get; set; }

    /// <summary>From the start until <see cref="Awaited"/> is dealt with, executors may subscribe but not report.</summary>
    public bool IsRecovering { get; set; } = true;

    /// <summary>Ends of executors that no master was told of.</summary>
    public List<Wire.AgentCall.Types.ExecutorExited> UnreportedExits { get; } = [];

    public IEnumerable<AgentExecutor> Living => Executors.Values.Where(e => e.IsAlive);

    public (AgentExecutor Executor, AgentTask Task)? Find(string framework, string task) =>
        Executors.Values.Where(e => e.FrameworkId == framework && e.Tasks.ContainsKey(task)).Select(e => ((AgentExecutor, AgentTask)?)(e, e.Tasks[task])).FirstOrDefault();
}
