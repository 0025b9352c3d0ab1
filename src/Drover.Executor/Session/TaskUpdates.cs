using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Mesos.V1;
using Google.Protobuf;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Executor.Session;

/// <summary>What a machine's life is in Mesos' words.</summary>
internal static class TaskUpdates
{
    /// <summary>Null where Mesos has nothing to be told: TASK_KILLING is only for frameworks that know it.</summary>
    internal static TaskState? StateOf(MachinePhase phase, bool frameworkKnowsKilling) => phase switch
    {
        MachinePhase.Preparing or MachinePhase.Booting or MachinePhase.Docker or MachinePhase.Freezing => TaskState.TaskStarting,
        MachinePhase.Parked or MachinePhase.Claimed or MachinePhase.Registered or MachinePhase.Halting or MachinePhase.Off or MachinePhase.Restarting or MachinePhase.Vacating => TaskState.TaskRunning,
        MachinePhase.Stopping => frameworkKnowsKilling ? TaskState.TaskKilling : null,
        MachinePhase.Stopped => TaskState.TaskKilled,
        MachinePhase.Failed => TaskState.TaskFailed,
        MachinePhase.Finished or MachinePhase.Vacated => TaskState.TaskFinished,
        _ => null,
    };

    internal static TaskStatus? Of(TaskID task, MachineUpdate update, bool frameworkKnowsKilling)
    {
        if (StateOf(update.Phase, frameworkKnowsKilling) is not { } state)
        {
            return null;
        }

        var status = new TaskStatus
        {
            TaskId = task,
            State = state,
            Data = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(update.Report, MachineJson.Default.StageReport)),
        };
        if (update.Report.Message is { } message)
        {
            status.Message = message;
        }

        return status;
    }

    internal static TaskStatus Invalid(TaskID task, string message) => new()
    {
        TaskId = task,
        State = TaskState.TaskFailed,
        Reason = TaskStatus.Types.Reason.TaskInvalid,
        Message = message,
    };
}
