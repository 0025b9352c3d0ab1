using System.Collections.Immutable;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler;

/// <summary>What the loop shows to others: immutable pieces, replaced as it goes on.</summary>
internal sealed class LiveState
{
    private volatile ImmutableDictionary<string, MachineRequest> _requests = ImmutableDictionary.Create<string, MachineRequest>(StringComparer.Ordinal);
    private volatile ImmutableDictionary<string, PoolMember> _members = ImmutableDictionary.Create<string, PoolMember>(StringComparer.Ordinal);
    private volatile ImmutableDictionary<string, WaitingExplanation> _waiting = ImmutableDictionary.Create<string, WaitingExplanation>(StringComparer.Ordinal);
    private volatile string? _frameworkId;
    private volatile string? _master;
    private volatile string? _masterProblem = "Not connected yet.";
    private volatile bool _masterConnected;
    private volatile bool _serverConnected;

    public SchedulerCounts Counts { get; init; } = new();

    public ImmutableDictionary<string, MachineRequest> Requests { get => _requests; set => _requests = value; }

    public ImmutableDictionary<string, PoolMember> Members { get => _members; set => _members = value; }

    public ImmutableDictionary<string, WaitingExplanation> Waiting { get => _waiting; set => _waiting = value; }

    public string? FrameworkId { get => _frameworkId; set => _frameworkId = value; }

    public string? Master { get => _master; set => _master = value; }

    /// <summary>Why there is no session with a master; null when there is one.</summary>
    public string? MasterProblem { get => _masterProblem; set => _masterProblem = value; }

    public bool MasterConnected { get => _masterConnected; set => _masterConnected = value; }

    public bool ServerConnected { get => _serverConnected; set => _serverConnected = value; }
}
