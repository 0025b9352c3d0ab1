namespace Drover.Scheduler.Requests;

/// <summary>Where a machine's request is.</summary>
internal enum RequestState
{
    /// <summary>Stored; being prepared or waiting for an offer.</summary>
    Queued,

    /// <summary>A place is decided and stored (the intent); the task is sent, nothing was heard of it.</summary>
    Offered,

    /// <summary>Mesos has the task; the machine is on its way up.</summary>
    Launching,

    /// <summary>The machine runs and its agent is registered.</summary>
    Running,

    /// <summary>A delete was accepted; the task is being killed.</summary>
    Stopping,

    /// <summary>No task is left. Kept for a while as a tombstone.</summary>
    Gone,
}

/// <summary>What can happen to a request.</summary>
internal enum RequestEvent
{
    /// <summary>The intent was stored.</summary>
    Placed,

    /// <summary>Mesos or the executor said that the task exists.</summary>
    Alive,

    /// <summary>TASK_RUNNING: the machine is ready.</summary>
    Ready,

    /// <summary>The task certainly never ran, or is certainly gone before it was ready through no fault of its own: another attempt is safe.</summary>
    NotStarted,

    /// <summary>The task has ended for good.</summary>
    Ended,

    /// <summary>The server wants the machine removed.</summary>
    Remove,

    /// <summary>The request cannot be served: wrong specification, or its machine no longer exists.</summary>
    Refused,

    /// <summary>The task is over, and the machine goes on with its disks in another one on the same agent machine.</summary>
    Moved,

    /// <summary>Nothing runs any more, and what is kept of the machine's disks is to go.</summary>
    Discard,

    /// <summary>The agent has been lost for so long that a delete no longer waits for it.</summary>
    Abandoned,
}

/// <summary>The life of a request, in one table.</summary>
/// <remarks><code>
/// queued → offered (intent stored) → launching → running → stopping → gone
///    ↑_________|_______________|_____________|          (running: its disks are kept for its next task)
/// </code></remarks>
internal static class RequestLifecycle
{
    /// <summary>The next state; null when the event means nothing in this state (late, doubled or crossed on the wire).</summary>
    public static RequestState? Next(RequestState state, RequestEvent e) => (state, e) switch
    {
        (RequestState.Queued, RequestEvent.Placed) => RequestState.Offered,
        (RequestState.Queued, RequestEvent.Remove or RequestEvent.Refused) => RequestState.Gone,

        (RequestState.Offered or RequestState.Launching, RequestEvent.Alive) => RequestState.Launching,
        (RequestState.Offered or RequestState.Launching, RequestEvent.Ready) => RequestState.Running,
        (RequestState.Offered or RequestState.Launching, RequestEvent.NotStarted) => RequestState.Queued,

        (RequestState.Running, RequestEvent.Alive or RequestEvent.Ready) => RequestState.Running,
        (RequestState.Running or RequestState.Offered or RequestState.Launching, RequestEvent.Moved) => RequestState.Queued,
        (RequestState.Queued or RequestState.Stopping or RequestState.Gone, RequestEvent.Discard) => RequestState.Queued,
        (RequestState.Queued, RequestEvent.Abandoned) => RequestState.Gone,

        (RequestState.Offered or RequestState.Launching or RequestState.Running, RequestEvent.Remove) => RequestState.Stopping,
        (RequestState.Offered or RequestState.Launching or RequestState.Running, RequestEvent.Ended) => RequestState.Gone,

        (RequestState.Stopping, RequestEvent.Alive or RequestEvent.Ready or RequestEvent.Remove) => RequestState.Stopping,
        (RequestState.Stopping, RequestEvent.Ended or RequestEvent.NotStarted or RequestEvent.Abandoned) => RequestState.Gone,

        (RequestState.Gone, RequestEvent.Remove) => RequestState.Gone,
        _ => null,
    };

    /// <summary>A task of this request may exist in the cluster.</summary>
    public static bool HasTask(RequestState state) => state is RequestState.Offered or RequestState.Launching or RequestState.Running or RequestState.Stopping;
}
