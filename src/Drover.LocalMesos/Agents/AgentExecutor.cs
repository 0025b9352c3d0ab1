using ExecutorMessage = Drover.Mesos.V1.Executor.Event;

namespace Drover.LocalMesos;

/// <summary>A task on its agent, until its last update is acknowledged.</summary>
internal sealed class AgentTask(TaskInfo info)
{
    public TaskInfo Info { get; } = info;

    public string Id => Info.TaskId.Value;

    /// <summary>LAUNCH was written to the executor, or was about to be when the agent was killed.</summary>
    public bool Delivered { get; set; }

    /// <summary>The newest state, whether or not the master has it.</summary>
    public TaskState State { get; set; } = TaskState.TaskStaging;

    public bool IsLive => !State.IsTerminal();
}

/// <summary>One run of an executor.</summary>
internal sealed class AgentExecutor(FrameworkInfo framework, ExecutorInfo info, string containerId, string sandbox, string token)
{
    public FrameworkInfo Framework { get; set; } = framework;

    public ExecutorInfo Info { get; } = info;

    public string FrameworkId => Framework.Id.Value;

    public string Id => Info.ExecutorId.Value;

    public (string Framework, string Executor) Key => (FrameworkId, Id);

    /// <summary>Names this run.</summary>
    public string ContainerId { get; } = containerId;

    public string Sandbox { get; } = sandbox;

    /// <summary>What it must show with every request.</summary>
    public string Token { get; } = token;

    public ExecutorStage Stage { get; private set; } = ExecutorStage.Preparing;

    /// <summary>Noted before the agent was restarted; else the process' own.</summary>
    public ProcessIdentity? Identity { get; set; }

    public IExecutorProcess? Process { get; set; }

    /// <summary>Where events go; null while it is not connected.</summary>
    public EventStream? Stream { get; set; }

    /// <summary>What its tasks come to when it ends; null for the usual.</summary>
    public TerminationCause? Cause { get; set; }

    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>All its tasks that are over were killed or finished. Null when that is not known: none is over, or they were before the agent's start.</summary>
    public bool? EndedAsAsked { get; private set; }

    public Dictionary<string, AgentTask> Tasks { get; } = new(StringComparer.Ordinal);

    public IDisposable? RegistrationTimer { get; set; }

    public IDisposable? KillTimer { get; set; }

    public CancellationTokenSource? Preparation { get; set; }

    public bool IsAlive => Stage != ExecutorStage.Terminated;

    public bool HasLiveTasks => Tasks.Values.Any(t => t.IsLive);

    /// <exception cref="InvalidOperationException">The lifecycle has no such step: a bug.</exception>
    public void Move(ExecutorEvent happened) =>
        Stage = ExecutorLifecycle.Next(Stage, happened) ?? throw new InvalidOperationException($"{happened} while {Stage}: executor {Id} of {FrameworkId}");

    /// <summary>A task is over, and everybody knows.</summary>
    public void Close(string task)
    {
        if (Tasks.Remove(task, out var over))
        {
            EndedAsAsked = EndedAsAsked is not false && over.State is TaskState.TaskKilled or TaskState.TaskFinished;
        }
    }

    public void Send(ExecutorMessage message) => Stream?.Send(message);
}

/// <summary>What an executor's living tasks come to when it is gone.</summary>
/// <param name="State">As a partition-aware framework sees it.</param>
internal sealed record TerminationCause(TaskState State, TaskStatus.Types.Reason Reason, string Message);
