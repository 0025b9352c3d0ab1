using Drover.Scheduler.Requests;

namespace Drover.Scheduler;

/// <summary>What the scheduler is doing, for status pages and metrics.</summary>
public sealed class SchedulerStatus
{
    private volatile LiveState _live = new();

    internal LiveState Live => _live;

    internal SchedulerCounts Counts { get; } = new();

    /// <summary>A consistent picture of this moment. Costs work in proportion to the number of machines.</summary>
    public SchedulerSnapshot Take()
    {
        var live = _live;
        var waiting = live.Waiting;
        var requests = live.Requests.Values.OrderBy(r => r.Sequence).ToList();
        return new SchedulerSnapshot
        {
            FrameworkId = live.FrameworkId,
            Master = live.Master,
            MasterConnected = live.MasterConnected,
            MasterProblem = live.MasterProblem,
            ServerConnected = live.ServerConnected,
            Queue = [.. requests.Where(r => r.State == RequestState.Queued).Select(r =>
            {
                var why = waiting.GetValueOrDefault(r.MachineId);
                return new WaitingMachine(r.MachineId, r.Name, r.ReceivedAt, why?.Reason, why?.Suggestion, why?.Ahead ?? 0);
            })],
            Tasks = [.. requests.Where(r => RequestLifecycle.HasTask(r.State)).Select(r =>
                new MachineTaskStatus(r.MachineId, r.Name, r.TaskId!, r.State.ToString().ToLowerInvariant(), r.Task?.State, r.Placement!.AgentId, r.Placement.Hostname))],
        };
    }

    internal void Follow(LiveState live) => _live = live;
}

/// <summary>One moment of the scheduler.</summary>
public sealed record SchedulerSnapshot
{
    public string? FrameworkId { get; init; }

    /// <summary>The leading master's id; null before the first session.</summary>
    public string? Master { get; init; }

    public bool MasterConnected { get; init; }

    /// <summary>Why there is no session with a master; null when there is one.</summary>
    public string? MasterProblem { get; init; }

    /// <summary>The server's events arrive.</summary>
    public bool ServerConnected { get; init; }

    /// <summary>Machines without a place, in order.</summary>
    public IReadOnlyList<WaitingMachine> Queue { get; init; } = [];

    /// <summary>Machines whose task may exist in the cluster.</summary>
    public IReadOnlyList<MachineTaskStatus> Tasks { get; init; } = [];
}

/// <param name="Since">When it was asked for.</param>
/// <param name="Reason">Why it waits; null until that is known.</param>
/// <param name="Suggestion">The smallest change that would let it start.</param>
/// <param name="Ahead">Machines before it.</param>
public sealed record WaitingMachine(string MachineId, string Name, DateTimeOffset Since, string? Reason, string? Suggestion, int Ahead);

/// <param name="State"><c>offered</c>, <c>launching</c>, <c>running</c> or <c>stopping</c>.</param>
/// <param name="TaskState">The last Mesos state that was heard of, such as <c>TASK_RUNNING</c>.</param>
public sealed record MachineTaskStatus(string MachineId, string Name, string TaskId, string State, string? TaskState, string AgentId, string Hostname);
