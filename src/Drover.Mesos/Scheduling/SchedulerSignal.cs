using Drover.Mesos.V1;

namespace Drover.Mesos;

/// <summary>What a <see cref="SchedulerConnection"/> tells its scheduler, in order.</summary>
public abstract record SchedulerSignal
{
    private SchedulerSignal()
    {
    }

    /// <summary>The master let the framework in. Every offer of an earlier session is void. Store the id before anything else; then reconcile.</summary>
    /// <param name="FrameworkId">New for a first subscription, else the one that was asked for.</param>
    /// <param name="Master">Who leads; a changed id means a master fail-over. Null before Mesos 1.1.</param>
    public sealed record Subscribed(FrameworkID FrameworkId, MasterInfo? Master) : SchedulerSignal;

    /// <summary>An event of the session: offers, rescinds, updates, messages, failures. Never SUBSCRIBED, HEARTBEAT or ERROR.</summary>
    public sealed record Event(V1.Scheduler.Event Message) : SchedulerSignal;

    /// <summary>The session is over or could not be opened. All offers are void, all tasks go on. The connection tries again by itself.</summary>
    /// <param name="Reason">A sentence.</param>
    /// <param name="WasSubscribed">False for an attempt that did not get as far as SUBSCRIBED.</param>
    public sealed record Disconnected(string Reason, bool WasSubscribed) : SchedulerSignal;

    /// <summary>The last signal: the connection does not try again.</summary>
    public sealed record Stopped(SchedulerStopReason Reason, string Message) : SchedulerSignal;
}

/// <summary>Why a scheduler connection gave up.</summary>
public enum SchedulerStopReason
{
    /// <summary>Another instance subscribed with the same framework id: step down.</summary>
    FailedOver,

    /// <summary>The framework id was torn down or timed out and is dead for ever. Its tasks may be orphaned: tell an operator
    /// rather than taking a new id silently.</summary>
    FrameworkRemoved,
}
