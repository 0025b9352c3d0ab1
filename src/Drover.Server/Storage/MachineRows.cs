using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;

namespace Drover.Server.Storage;

/// <summary>A virtual machine that was asked for (kind <c>machine</c>), or the machine of a host added by hand (kind <c>physicalHost</c>).</summary>
internal sealed class MachineRow : ResourceRow
{
    /// <summary>The uuid that names machine, guest and host everywhere.</summary>
    [MaxLength(128)]
    public string? ExternalId { get; set; }

    [MaxLength(64)]
    public string? Driver { get; set; }

    /// <summary>Lower-cased name while the machine lives, null after: its unique index keeps names apart among the living.</summary>
    [MaxLength(255)]
    public string? NameKey { get; set; }

    public long? AgentId { get; set; }

    public long? HostId { get; set; }

    /// <summary>Nobody may remove it until this is taken away.</summary>
    public bool Protected { get; set; }

    /// <summary>When it is removed by itself; null: never. A protected machine is not.</summary>
    public DateTimeOffset? DeleteAt { get; set; }

    /// <summary>The same as a length of time from now, in the request that sets it and nowhere else.</summary>
    [NotMapped]
    public string? DeleteAfter { get; set; }
}

/// <summary>A registered Docker host.</summary>
internal sealed class HostRow : ResourceRow
{
    [MaxLength(255)]
    public string? Hostname { get; set; }

    public long? MachineId { get; set; }

    public long? AgentId { get; set; }

    /// <summary>The agent's state, copied so that a list needs no join. Written by the agents' capability only.</summary>
    [MaxLength(32)]
    public string? AgentState { get; set; }

    [MaxLength(128)]
    public string ReportedUuid { get; set; } = "";
}

/// <summary>What a host did in one hour, minute by minute (<c>LoadPast</c>).</summary>
internal sealed class LoadHourRow
{
    public long HostId { get; set; }

    /// <summary>Since 1970.</summary>
    public long Hour { get; set; }

    /// <summary>See <c>LoadBytes</c>.</summary>
    [MaxLength(4096)]
    public byte[] Data { get; set; } = [];

    [ConcurrencyCheck]
    public long Version { get; set; }
}

/// <summary>A program inside a host. Its own account (<see cref="ResourceRow.AccountId"/>) carries its key.</summary>
internal sealed class AgentRow : ResourceRow
{
    [MaxLength(255)]
    public string Uri { get; set; } = "";

    /// <summary>The environment that its hosts belong to.</summary>
    public long ResourcesAccountId { get; set; }

    /// <summary>The machine that its registration token was for; null for an agent of a host added by hand.</summary>
    public long? MachineId { get; set; }

    /// <summary>When its link was lost; null while it is up.</summary>
    public DateTimeOffset? LostAt { get; set; }
}

/// <summary>One registration: a key that the agent made up, and the agent that it became.</summary>
internal sealed class RegisterRow : ResourceRow
{
    /// <summary>SHA-256 of the agent's key.</summary>
    [MaxLength(64)]
    public string KeyHash { get; set; } = "";

    public long TokenId { get; set; }

    public long AgentId { get; set; }

    [MaxLength(128)]
    public string AccessKey { get; set; } = "";
}

internal sealed class ExternalHandlerRow : ResourceRow
{
    public int Priority { get; set; }

    public int? Retries { get; set; }

    public long? TimeoutMillis { get; set; }
}

/// <summary>A process that some external handler wants to take part in.</summary>
internal sealed class ExternalHandlerProcessRow : ResourceRow;

/// <summary>Which handler takes part in which process.</summary>
internal sealed class ExternalHandlerMapRow : ResourceRow
{
    public long HandlerId { get; set; }

    public long ProcessId { get; set; }

    /// <summary>The process's name, copied for the dispatch query.</summary>
    [MaxLength(128)]
    public string ProcessName { get; set; } = "";

    [MaxLength(128)]
    public string? OnError { get; set; }

    /// <summary>The event to send instead of the process's name.</summary>
    [MaxLength(128)]
    public string? EventName { get; set; }
}

/// <summary>A durable state transition of one resource. See <c>ProcessEngine</c> for its life.</summary>
internal sealed class ProcessRow : IRow
{
    public long Id { get; set; }

    [MaxLength(128)]
    public string ProcessName { get; set; } = "";

    [MaxLength(64)]
    public string ResourceType { get; set; } = "";

    public long ResourceId { get; set; }

    public long? AccountId { get; set; }

    [MaxLength(32)]
    public string Phase { get; set; } = "";

    /// <summary>When to look at it again: the end of a back-off, or the deadline of the event that is out. Null when ended.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>How many times the handlers were called from the start.</summary>
    public int Runs { get; set; }

    /// <summary>The handler that was asked last.</summary>
    public long? HandlerId { get; set; }

    /// <summary>Handlers that have answered in this run: <c>,4,7,</c>.</summary>
    [MaxLength(1024)]
    public string HandlersDone { get; set; } = ",";

    /// <summary>How often the present event was sent for want of an answer.</summary>
    public int Attempt { get; set; }

    [MaxLength(64)]
    public string? EventId { get; set; }

    [MaxLength(255)]
    public string? EventName { get; set; }

    [MaxLength(64)]
    public string? ReplyTo { get; set; }

    /// <summary>Milliseconds per attempt of the present event.</summary>
    public long TimeoutMillis { get; set; }

    /// <summary>When a phase that may not last for ever must end.</summary>
    public DateTimeOffset? Deadline { get; set; }

    public DateTimeOffset StartTime { get; set; }

    public DateTimeOffset? EndTime { get; set; }

    /// <summary>Null while it runs, then DONE, ERROR or CANCELLED.</summary>
    [MaxLength(32)]
    public string? ExitReason { get; set; }

    /// <summary>A sentence about the end, or about what is waited for.</summary>
    public string? Message { get; set; }

    /// <summary>The server that works on it, and until when others leave it alone.</summary>
    [MaxLength(64)]
    public string? LockOwner { get; set; }

    public DateTimeOffset? LockedUntil { get; set; }

    [ConcurrencyCheck]
    public long Version { get; set; }
}
