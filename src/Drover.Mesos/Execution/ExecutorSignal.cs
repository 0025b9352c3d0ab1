using ExecutorEvent = Drover.Mesos.V1.Executor.Event;

namespace Drover.Mesos;

/// <summary>What an <see cref="ExecutorConnection"/> tells its executor, in order.</summary>
public abstract record ExecutorSignal
{
    private ExecutorSignal()
    {
    }

    /// <summary>The agent let the executor in; comes again after every reconnect.</summary>
    public sealed record Subscribed(ExecutorEvent.Types.Subscribed Message) : ExecutorSignal;

    /// <summary>LAUNCH, LAUNCH_GROUP, KILL, MESSAGE or SHUTDOWN. A launched task is already on record when this arrives.</summary>
    public sealed record Event(ExecutorEvent Message) : ExecutorSignal;

    /// <summary>The agent is away. Go on working: updates are kept and sent after the reconnect. KILLs of the gap are lost; the scheduler repeats them.</summary>
    public sealed record Disconnected(string Reason) : ExecutorSignal;

    /// <summary>The last signal: there is no agent to work for any more. Stop the work and exit.</summary>
    public sealed record Ended(ExecutorEndReason Reason, string Message) : ExecutorSignal;
}

/// <summary>Why an executor has no agent any more.</summary>
public enum ExecutorEndReason
{
    /// <summary>The stream broke and the framework does not checkpoint.</summary>
    NotCheckpointed,

    /// <summary>The agent did not come back within the recovery time.</summary>
    RecoveryTimeout,

    /// <summary>The agent does not know this executor or framework (any more).</summary>
    Unknown,

    /// <summary>The agent refused the token.</summary>
    Forbidden,

    /// <summary>The agent sent ERROR.</summary>
    Error,
}
