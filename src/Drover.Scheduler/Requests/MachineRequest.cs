using Drover.Api.Machines;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;

namespace Drover.Scheduler.Requests;

/// <summary>An event of the server that waits for an answer.</summary>
/// <param name="EventId">Goes into the reply's <c>previousIds</c>.</param>
/// <param name="ReplyTo">The channel that the server listens on.</param>
internal sealed record PendingReply(string EventId, string ReplyTo);

/// <summary>Where a machine's task was sent.</summary>
internal sealed record TaskPlacement
{
    public required string AgentId { get; init; }

    public required string Hostname { get; init; }

    /// <summary>The agent's HTTP address, for its sandbox files; null when the offer had none.</summary>
    public string? AgentUrl { get; init; }

    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>What was last heard of a task.</summary>
/// <param name="State">The name of the Mesos task state.</param>
/// <param name="Uuid">Hex of the update's uuid; null for an answer of the master.</param>
internal sealed record TaskWord(string State, string? Uuid, DateTimeOffset At);

/// <summary>Why a machine could not be had; shown on the machine.</summary>
internal sealed record MachineFailure(string Stage, string Cause, IReadOnlyList<string> Console);

/// <summary>One machine that the server asked for: the durable record of everything the scheduler knows and promised.</summary>
/// <remarks>
/// Written by the scheduler's loop only, always before what it says is done. Keyed by the server's resource id, so that doubled and late
/// events find it. States: <see cref="RequestLifecycle"/>.
/// </remarks>
internal sealed record MachineRequest
{
    public required string MachineId { get; init; }

    public required RequestState State { get; init; }

    /// <summary>Place in the queue.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public string ExternalId { get; init; } = "";

    public string EnvironmentId { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Null until the machine was read from the server.</summary>
    public MachineSpec? Spec { get; init; }

    public PendingReply? Create { get; init; }

    public PendingReply? Bootstrap { get; init; }

    public PendingReply? Remove { get; init; }

    /// <summary>Counts launches; part of the task id, because Mesos never lets one be used again.</summary>
    public int Attempt { get; init; }

    /// <summary>Attempts that were dropped for a reason that may come again; delays the next.</summary>
    public int Drops { get; init; }

    /// <summary>Why the last attempt was dropped.</summary>
    public string? LastDrop { get; init; }

    /// <summary>No attempt before this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The address of the scheduler's own range that the machine has or will have; free again once the request is gone.</summary>
    public GuestAddress? Address { get; init; }

    /// <summary>Why it cannot be launched whatever is offered: a sentence for people. Null when nothing stands in its way.</summary>
    public string? Hindrance { get; init; }

    public TaskPlacement? Placement { get; init; }

    public TaskWord? Task { get; init; }

    /// <summary>The executor itself has spoken in this attempt.</summary>
    public bool Confirmed { get; init; }

    /// <summary>Since when Mesos cannot reach the agent.</summary>
    public DateTimeOffset? LostSince { get; init; }

    public DateTimeOffset? OfferedAt { get; init; }

    /// <summary>The executor's first word.</summary>
    public DateTimeOffset? FirstWordAt { get; init; }

    public StageReport? Report { get; init; }

    /// <summary>What its copies and spares have in common; null before the first attempt, and for images that have none.</summary>
    public PoolClass? Class { get; init; }

    /// <summary>The spare that this attempt takes instead of an offer.</summary>
    public Claim? Claim { get; init; }

    /// <summary>A claim came to nothing: this machine is launched.</summary>
    public bool NoClaim { get; init; }

    /// <summary>What the executor was told and has not answered.</summary>
    public IReadOnlyList<PendingCommand> Commands { get; init; } = [];

    /// <summary>What an agent machine has of its disks outside of a task; null for nothing.</summary>
    public KeptDisks? Kept { get; init; }

    /// <summary>The machine is not wanted any more; its next task only removes <see cref="Kept"/>.</summary>
    public bool Discard { get; init; }

    /// <summary>The last wish of another size that was carried out.</summary>
    public string? LastMove { get; init; }

    /// <summary>Whether its next task has a place to be looked for, as far as its disks go.</summary>
    public bool IsPlaceable => Kept is null ? Spec?.CopyOf is null : Kept.Stage == KeptStage.Away;

    /// <summary>What a person asked of the running machine; the server waits for the answer.</summary>
    public MachineOrder? Order { get; init; }

    public MachineFailure? Failure { get; init; }

    /// <summary>When the state last changed.</summary>
    public DateTimeOffset ChangedAt { get; init; }

    public string? TaskId => Claim?.TaskId ?? TaskIdOfAttempt;

    /// <summary>Nothing of the attempt is left: the next is another task, perhaps elsewhere.</summary>
    public MachineRequest WithoutAttempt() => this with
    {
        Claim = null,
        Commands = [],
        Placement = null,
        Task = null,
        Confirmed = false,
        LostSince = null,
        OfferedAt = null,
        FirstWordAt = null,
        Report = null,
    };

    private string? TaskIdOfAttempt => Attempt == 0 ? null : $"{ExternalId}.{Attempt}";

    /// <summary>The state after the event; the same record when the event means nothing here.</summary>
    public MachineRequest After(RequestEvent e, DateTimeOffset now) =>
        RequestLifecycle.Next(State, e) is { } next && next != State ? this with { State = next, ChangedAt = now } : this;

    public PlacedMachine? Placed() =>
        RequestLifecycle.HasTask(State) && Placement is not null ? new PlacedMachine(EnvironmentId, Placement.AgentId, Placement.Attributes) : null;

    /// <summary>The stages from the queue on, as they are shown.</summary>
    public IReadOnlyList<StageRecord> Stages()
    {
        var failed = State == RequestState.Gone && Failure is not null;
        var stages = new List<StageRecord> { Record(MachineStage.Queue, ReceivedAt, OfferedAt, failed) };
        if (OfferedAt is { } offered)
        {
            stages.Add(Record(MachineStage.Launch, offered, FirstWordAt, failed));
        }

        // A spare has a past of its own.
        var ofExecutor = Report?.Stages ?? [];
        return [.. stages, .. Claim is null ? ofExecutor : ofExecutor.Where(s => s.StartedAt >= OfferedAt)];
    }

    private StageRecord Record(string stage, DateTimeOffset from, DateTimeOffset? to, bool failed) => new()
    {
        Stage = stage,
        Status = to is not null ? StageStatus.Done : failed ? StageStatus.Failed : StageStatus.Running,
        StartedAt = from,
        FinishedAt = to ?? (failed ? ChangedAt : null),
        Message = to is null && failed ? Failure?.Cause : null,
    };
}
