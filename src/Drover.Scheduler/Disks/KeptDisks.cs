using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Disks;

/// <summary>That an agent machine has, or may have, disks of a machine outside of a task. Part of the request.</summary>
/// <remarks>
/// From the moment at which an executor is told to keep or copy disks until one says that nothing is kept any more. While it stands, the end of a task is not the machine's end:
/// it goes on in another task there; and a removal is over only when a task of kind discard was there.
/// <code>
/// leaving → away → back → (nothing)          copying → away → back → (nothing)
/// </code>
/// </remarks>
internal sealed record KeptDisks
{
    public required KeptStage Stage { get; init; }

    public required string AgentId { get; init; }

    /// <summary>By which the agent machine is found again: an agent's id may change when it is started anew.</summary>
    public required string Hostname { get; init; }

    /// <summary>The executor has said that they are kept, so they are there.</summary>
    public bool Certain { get; init; }

    public static KeptDisks At(TaskPlacement placement, KeptStage stage) => new() { Stage = stage, AgentId = placement.AgentId, Hostname = placement.Hostname };

    /// <summary>The only place where the machine's next task can run.</summary>
    public PlacementConstraint Pin() => PlacementConstraint.Of(PlacementConstraint.Hostname, Hostname);
}

internal enum KeptStage
{
    /// <summary>The task that has them was told to keep them and to end.</summary>
    Leaving,

    /// <summary>The task of another machine was told to copy them.</summary>
    Copying,

    /// <summary>They wait for the machine's next task, or it has taken them and is not up yet.</summary>
    Away,

    /// <summary>The next task is up and was told that they are its own.</summary>
    Back,
}
