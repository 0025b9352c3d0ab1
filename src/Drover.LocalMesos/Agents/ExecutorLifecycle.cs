namespace Drover.LocalMesos;

/// <summary>Where an executor's life is.</summary>
internal enum ExecutorStage
{
    /// <summary>Its sandbox is made and filled; no process yet.</summary>
    Preparing,

    /// <summary>The process runs (or, after the agent's start, still runs) and has not subscribed with this agent.</summary>
    Registering,

    /// <summary>It has subscribed.</summary>
    Running,

    /// <summary>It was told to end, or is being killed.</summary>
    Terminating,

    /// <summary>The process is gone. What its tasks have to say may still be on its way.</summary>
    Terminated,
}

/// <summary>What moves it.</summary>
internal enum ExecutorEvent
{
    Started,
    Subscribed,
    EndAsked,
    Exited,
}

/// <summary>The one table of an executor's life.</summary>
/// <remarks>
/// <code>
/// Preparing ─▶ Registering ─▶ Running ─▶ Terminating ─▶ Terminated        every living stage may also end at once
/// </code>
/// </remarks>
internal static class ExecutorLifecycle
{
    /// <summary>The next stage; null for what cannot happen.</summary>
    public static ExecutorStage? Next(ExecutorStage stage, ExecutorEvent happened) => (stage, happened) switch
    {
        (ExecutorStage.Preparing, ExecutorEvent.Started) => ExecutorStage.Registering,
        (ExecutorStage.Registering or ExecutorStage.Running, ExecutorEvent.Subscribed) => ExecutorStage.Running,
        (ExecutorStage.Terminating, ExecutorEvent.Subscribed) => ExecutorStage.Terminating,
        (not ExecutorStage.Terminated, ExecutorEvent.EndAsked) => ExecutorStage.Terminating,
        (not ExecutorStage.Terminated, ExecutorEvent.Exited) => ExecutorStage.Terminated,
        _ => null,
    };
}
