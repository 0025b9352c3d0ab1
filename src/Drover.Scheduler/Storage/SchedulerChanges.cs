using Drover.Scheduler.Addresses;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Storage;

/// <summary>Everything that one turn of the loop decided, written in one transaction.</summary>
internal sealed class SchedulerChanges
{
    /// <summary>By machine id: the last version of the turn counts.</summary>
    public Dictionary<string, MachineRequest> Requests { get; } = new(StringComparer.Ordinal);

    public List<string> Forgotten { get; } = [];

    /// <summary>Members of the pool by id: the last version of the turn counts.</summary>
    public Dictionary<string, PoolMember> Members { get; } = new(StringComparer.Ordinal);

    public HashSet<string> ForgottenMembers { get; } = new(StringComparer.Ordinal);

    /// <summary>Intents: what exactly is about to be launched.</summary>
    public List<TaskIntent> Intents { get; } = [];

    public List<OutboxItem> Outbox { get; } = [];

    public List<long> Delivered { get; } = [];

    /// <summary>Addresses that nobody gets for a while.</summary>
    public List<QuarantinedAddress> Quarantined { get; } = [];

    /// <summary>Addresses whose quarantine is over.</summary>
    public List<string> Released { get; } = [];

    public FrameworkRecord? Framework { get; set; }

    public bool IsEmpty => Requests.Count == 0 && Forgotten.Count == 0 && Members.Count == 0 && ForgottenMembers.Count == 0 && Intents.Count == 0 && Outbox.Count == 0 && Delivered.Count == 0 && Quarantined.Count == 0 && Released.Count == 0 && Framework is null;
}

/// <param name="MachineId">Whose task it is: a machine's id, or that of a member of the pool.</param>
/// <param name="TaskInfo">The protobuf message as it is sent.</param>
internal sealed record TaskIntent(string TaskId, string MachineId, string AgentId, IReadOnlyList<string> OfferIds, byte[] TaskInfo);

/// <summary>The framework id that a cluster gave to a principal. It is never shown to another cluster, which would accept it.</summary>
/// <param name="FrameworkId">Empty when the id is dead.</param>
internal sealed record FrameworkRecord(string Cluster, string Principal, string FrameworkId);
