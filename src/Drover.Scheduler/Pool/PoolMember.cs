using System.Text.Json.Serialization;
using Drover.Api.Machines;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Pool;

/// <summary>A template or a spare on one agent machine: the durable record of what the pool knows and runs.</summary>
/// <remarks>Written by the scheduler's loop only, always before what it says is done. States: <see cref="PoolLifecycle"/>.</remarks>
internal sealed record PoolMember
{
    /// <summary>A uuid.</summary>
    public required string Id { get; init; }

    public required PoolKind Kind { get; init; }

    public required PoolState State { get; init; }

    public required PoolClass Class { get; init; }

    /// <summary>Where it is, or shall be.</summary>
    public required TaskPlacement Placement { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the state last changed.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>Counts launches; part of the task id.</summary>
    public int Attempt { get; init; }

    public TaskWord? Task { get; init; }

    /// <summary>The executor itself has spoken in this attempt.</summary>
    public bool Confirmed { get; init; }

    /// <summary>Since when Mesos cannot reach the agent.</summary>
    public DateTimeOffset? LostSince { get; init; }

    public StageReport? Report { get; init; }

    /// <summary>Attempts in a row that came to nothing.</summary>
    public int Failures { get; init; }

    /// <summary>No attempt before this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Why it is wanted, waits, stops or was given up: a sentence for people.</summary>
    public string? Why { get; init; }

    /// <summary>The machine that has taken the spare.</summary>
    public string? ClaimedBy { get; init; }

    public string AgentId => Placement.AgentId;

    public string TaskId => $"{(Kind == PoolKind.Template ? "template" : "spare")}-{Id}.{Attempt}";

    /// <summary>What its task and the executor take of an agent machine.</summary>
    [JsonIgnore]
    public Amounts Amounts => TaskBuilder.TaskAmounts(Class.ToSpec()) + TaskBuilder.ExecutorAmounts;

    public bool HasTask => PoolLifecycle.HasTask(Kind, State);

    /// <summary>The state after the event; the same record when the event means nothing here.</summary>
    public PoolMember After(PoolEvent e, DateTimeOffset now, string? why = null) =>
        PoolLifecycle.Next(State, e) is { } next && next != State ? this with { State = next, ChangedAt = now, Why = why } : this;

    public static PoolMember Planned(PoolKind kind, PoolClass of, TaskPlacement where, DateTimeOffset now, string why) => new()
    {
        Id = Guid.NewGuid().ToString(),
        Kind = kind,
        State = PoolState.Planned,
        Class = of,
        Placement = where,
        CreatedAt = now,
        ChangedAt = now,
        Why = why,
    };
}
