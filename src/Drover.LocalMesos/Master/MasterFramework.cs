using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos;

/// <summary>A framework that is not ended: subscribed, away for at most its failover time, or known only from before a restart.</summary>
internal sealed class MasterFramework(FrameworkInfo info)
{
    public FrameworkInfo Info { get; set; } = info;

    public string Id => Info.Id.Value;

    /// <summary>Where events go; null while it is away.</summary>
    public EventStream? Stream { get; private set; }

    /// <summary>Name of the session that may send calls.</summary>
    public string? StreamId { get; private set; }

    /// <summary>Not subscribed since this master started: no failover time runs.</summary>
    public bool Recovered { get; set; }

    public TimeInfo? RegisteredTime { get; set; }

    public TimeInfo? ReregisteredTime { get; set; }

    public HashSet<string> SuppressedRoles { get; } = new(StringComparer.Ordinal);

    /// <summary>Tasks that are not over, or whose end is not acknowledged.</summary>
    public Dictionary<string, MasterTask> Tasks { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, MasterTask> UnreachableTasks { get; } = new(StringComparer.Ordinal);

    public Queue<MasterTask> CompletedTasks { get; } = new();

    public IDisposable? FailoverTimer { get; set; }

    public IDisposable? Heartbeat { get; set; }

    public bool IsPartitionAware => Has(FrameworkInfo.Types.Capability.Types.Type.PartitionAware);

    public bool IsMultiRole => Has(FrameworkInfo.Types.Capability.Types.Type.MultiRole);

    /// <summary>Whether its resources carry stacked reservations instead of a role.</summary>
    public bool HasReservationRefinement => Has(FrameworkInfo.Types.Capability.Types.Type.ReservationRefinement);

    public IReadOnlyList<string> Roles => RolesOf(Info);

    public static IReadOnlyList<string> RolesOf(FrameworkInfo info) =>
        info.Capabilities.Any(c => c.Type == FrameworkInfo.Types.Capability.Types.Type.MultiRole) ? info.Roles : [info.Role];

    public void Connect(EventStream stream, string streamId) => (Stream, StreamId) = (stream, streamId);

    public void Disconnect()
    {
        Stream?.Close();
        (Stream, StreamId) = (null, null);
        Heartbeat?.Dispose();
        Heartbeat = null;
    }

    public void Send(Event message) => Stream?.Send(message);

    /// <summary>The state that a framework without PARTITION_AWARE sees instead.</summary>
    public TaskState StateFor(TaskState partitionAware) => IsPartitionAware ? partitionAware : TaskState.TaskLost;

    public void Complete(MasterTask task, int keep)
    {
        Tasks.Remove(task.Id);
        CompletedTasks.Enqueue(task);
        while (CompletedTasks.Count > keep)
        {
            CompletedTasks.Dequeue();
        }
    }

    private bool Has(FrameworkInfo.Types.Capability.Types.Type type) => Info.Capabilities.Any(c => c.Type == type);
}
