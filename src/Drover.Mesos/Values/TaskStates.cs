using Drover.Mesos.V1;

namespace Drover.Mesos;

/// <summary>What a task state means for whoever keeps tasks.</summary>
public static class TaskStates
{
    /// <summary>The task is over and will send nothing more. LOST counts as over although an agent may bring such a task back;
    /// UNREACHABLE and UNKNOWN do not.</summary>
    public static bool IsTerminal(this TaskState state) => state is TaskState.TaskFinished or TaskState.TaskFailed or TaskState.TaskKilled
        or TaskState.TaskError or TaskState.TaskLost or TaskState.TaskDropped or TaskState.TaskGone or TaskState.TaskGoneByOperator;
}
