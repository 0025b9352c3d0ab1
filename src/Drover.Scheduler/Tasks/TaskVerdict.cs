using Drover.Mesos.V1;
using Drover.Scheduler.Requests;
using Reason = Drover.Mesos.V1.TaskStatus.Types.Reason;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tasks;

/// <summary>What a task status means for its request.</summary>
internal enum TaskVerdict
{
    /// <summary>Nothing changes.</summary>
    Nothing,

    /// <summary>The task exists; nothing is known of the machine yet.</summary>
    Alive,

    /// <summary>The machine is ready.</summary>
    Ready,

    /// <summary>It never ran (or is fenced and was not ready): try again at once, nobody is to blame.</summary>
    TryAgain,

    /// <summary>It never ran for a reason that may come again: try again later, and not for ever.</summary>
    TryAgainLater,

    /// <summary>The agent is out of reach; the machine may still run there. Never start another one for this alone.</summary>
    Lost,

    /// <summary>The task is over as it was meant to be, or failed: see the request's state.</summary>
    Ended,

    /// <summary>The status contradicts what is known for sure: ask the master.</summary>
    Doubtful,
}

/// <summary>Judges task statuses (mesos-v1-api §3.8, §5.4). Pure and total: an unknown state changes nothing.</summary>
internal static class TaskJudge
{
    public static TaskVerdict Judge(RequestState state, bool confirmed, TaskState taskState, Reason? reason)
    {
        var stopping = state == RequestState.Stopping;
        var coming = state is RequestState.Offered or RequestState.Launching;
        return taskState switch
        {
            TaskState.TaskStaging or TaskState.TaskStarting => TaskVerdict.Alive,
            TaskState.TaskRunning => TaskVerdict.Ready,

            // The answer of a reconciliation tells no cause. The task's own last update waits to be acknowledged and is on its way.
            TaskState.TaskFinished or TaskState.TaskFailed when !stopping && reason == Reason.Reconciliation => TaskVerdict.Nothing,

            // The executor could not be fetched or did not start: this scheduler, which serves it, may itself have been away.
            TaskState.TaskFailed when coming && reason is Reason.ContainerLaunchFailed or Reason.ExecutorRegistrationTimeout => TaskVerdict.TryAgainLater,
            TaskState.TaskFinished or TaskState.TaskFailed => TaskVerdict.Ended,
            TaskState.TaskKilled when coming => reason is Reason.AgentDraining or Reason.TaskKilledDuringLaunch ? TaskVerdict.TryAgain : TaskVerdict.TryAgainLater,
            TaskState.TaskKilled => TaskVerdict.Ended,

            // A master says this of a doubled launch too, with the id of the task that runs.
            TaskState.TaskError when confirmed && reason == Reason.TaskInvalid => TaskVerdict.Doubtful,
            TaskState.TaskError => TaskVerdict.Ended,

            TaskState.TaskDropped when coming => IsNobodysFault(reason) ? TaskVerdict.TryAgain : TaskVerdict.TryAgainLater,
            TaskState.TaskDropped => TaskVerdict.Ended,
            TaskState.TaskLost when coming && !confirmed => IsNobodysFault(reason) ? TaskVerdict.TryAgain : TaskVerdict.TryAgainLater,
            TaskState.TaskLost => TaskVerdict.Lost,
            TaskState.TaskUnreachable => TaskVerdict.Lost,
            TaskState.TaskUnknown when stopping => TaskVerdict.Ended,
            TaskState.TaskUnknown when coming && !confirmed => TaskVerdict.TryAgain,
            TaskState.TaskUnknown => TaskVerdict.Lost,
            TaskState.TaskGone or TaskState.TaskGoneByOperator when coming => TaskVerdict.TryAgain,
            TaskState.TaskGone or TaskState.TaskGoneByOperator => TaskVerdict.Ended,
            _ => TaskVerdict.Nothing,
        };
    }

    /// <summary>The offer was gone, or the agent: no fault of the task's.</summary>
    private static bool IsNobodysFault(Reason? reason) => reason is
        Reason.InvalidOffers or Reason.AgentRemoved or Reason.AgentRemovedByOperator or Reason.AgentDisconnected or Reason.AgentRestarted
        or Reason.AgentDraining or Reason.AgentUnknown or Reason.MasterDisconnected or Reason.Reconciliation or Reason.ResourcesUnknown or Reason.GcError;

    public static Reason? ReasonOf(TaskStatus status) => status.HasReason ? status.Reason : null;

    /// <summary>The state as Mesos writes it.</summary>
    public static string Name(TaskState state) =>
        "TASK_" + string.Concat(state.ToString()["Task".Length..].Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : $"{char.ToUpperInvariant(c)}")).ToUpperInvariant();
}
