namespace Drover.Scheduler.Pool;

/// <summary>What a member of the pool is for.</summary>
internal enum PoolKind
{
    /// <summary>A task that makes a template on its agent machine and ends; then the record says that the template is there.</summary>
    Template,

    /// <summary>A spare machine without an owner.</summary>
    Spare,
}

/// <summary>Where a member of the pool is.</summary>
internal enum PoolState
{
    /// <summary>Wanted; waits for an offer of its agent and for a quiet moment.</summary>
    Planned,

    /// <summary>The intent is stored and the task is sent; nothing was heard of it.</summary>
    Offered,

    /// <summary>Mesos has the task.</summary>
    Launching,

    /// <summary>The spare waits for an owner; the template is made, and its task over.</summary>
    Ready,

    /// <summary>A machine has taken the spare; its task belongs to that machine's request from now on.</summary>
    Claimed,

    /// <summary>Not wanted any more; the task is being killed.</summary>
    Stopping,

    /// <summary>No task is left. Of a template that could not be made the record stays for a while and says why.</summary>
    Gone,
}

/// <summary>What can happen to a member of the pool.</summary>
internal enum PoolEvent
{
    /// <summary>The intent was stored.</summary>
    Placed,

    /// <summary>Mesos or the executor said that the task exists.</summary>
    Alive,

    /// <summary>The spare is parked, or the template is there.</summary>
    Ready,

    /// <summary>A request takes the spare.</summary>
    Claimed,

    /// <summary>It is in somebody's way, or not wanted any more.</summary>
    Stop,

    /// <summary>Its task is over, or never ran; it is tried again later.</summary>
    Again,

    /// <summary>Its task is over for good, or it never had one.</summary>
    Ended,
}

/// <summary>The life of a member of the pool, in one table.</summary>
/// <remarks><code>
/// planned → offered (intent stored) → launching → ready → claimed → gone
///    ↑__________|_________________________|  offered, launching, ready → stopping → gone
/// </code></remarks>
internal static class PoolLifecycle
{
    /// <summary>The next state; null when the event means nothing in this state.</summary>
    public static PoolState? Next(PoolState state, PoolEvent e) => (state, e) switch
    {
        (PoolState.Planned, PoolEvent.Placed) => PoolState.Offered,
        (PoolState.Planned or PoolState.Gone, PoolEvent.Ready) => PoolState.Ready,
        (PoolState.Planned, PoolEvent.Stop or PoolEvent.Ended) => PoolState.Gone,

        (PoolState.Offered or PoolState.Launching, PoolEvent.Alive) => PoolState.Launching,
        (PoolState.Offered or PoolState.Launching or PoolState.Ready, PoolEvent.Ready) => PoolState.Ready,
        (PoolState.Offered or PoolState.Launching or PoolState.Ready or PoolState.Stopping, PoolEvent.Again) => PoolState.Planned,
        (PoolState.Offered or PoolState.Launching or PoolState.Ready or PoolState.Stopping, PoolEvent.Stop) => PoolState.Stopping,
        (PoolState.Offered or PoolState.Launching or PoolState.Ready or PoolState.Stopping or PoolState.Claimed, PoolEvent.Ended) => PoolState.Gone,

        (PoolState.Ready, PoolEvent.Alive) => PoolState.Ready,
        (PoolState.Ready, PoolEvent.Claimed) => PoolState.Claimed,
        (PoolState.Stopping, PoolEvent.Alive or PoolEvent.Ready) => PoolState.Stopping,
        _ => null,
    };

    /// <summary>A task of this member, and of nobody else, may exist in the cluster.</summary>
    public static bool HasTask(PoolKind kind, PoolState state) =>
        state is PoolState.Offered or PoolState.Launching or PoolState.Stopping || (kind == PoolKind.Spare && state == PoolState.Ready);
}
