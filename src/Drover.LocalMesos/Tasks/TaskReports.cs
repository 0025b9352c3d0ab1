namespace Drover.LocalMesos;

/// <summary>Updates that the agent itself makes. They take the same road as an executor's.</summary>
internal sealed class TaskReports(AgentContext agent, StatusUpdates updates)
{
    /// <summary>Ends a task of an executor.</summary>
    public void End(AgentExecutor executor, AgentTask task, TerminationCause cause)
    {
        var status = Status(executor.Framework, task.Info.TaskId, cause);
        status.ExecutorId = executor.Info.ExecutorId;
        status.ContainerStatus = new ContainerStatus { ContainerId = new ContainerID { Value = executor.ContainerId } };
        updates.Add(executor.FrameworkId, status);
        task.State = status.State;
    }

    /// <summary>Refuses a task that never got an executor.</summary>
    public void Refuse(FrameworkInfo framework, TaskID task, TerminationCause cause) =>
        updates.Add(framework.Id.Value, Status(framework, task, cause));

    private TaskStatus Status(FrameworkInfo framework, TaskID task, TerminationCause cause) => new()
    {
        TaskId = task,
        State = StateFor(framework, cause.State),
        Source = TaskStatus.Types.Source.Agent,
        Reason = cause.Reason,
        Message = cause.Message,
        AgentId = new AgentID { Value = agent.Books.AgentId ?? "" },
        Timestamp = agent.Timestamp,
        Uuid = MesosUuid.Create(),
    };

    private static TaskState StateFor(FrameworkInfo framework, TaskState state) =>
        state is TaskState.TaskDropped or TaskState.TaskGone
        && framework.Capabilities.All(c => c.Type != FrameworkInfo.Types.Capability.Types.Type.PartitionAware)
            ? TaskState.TaskLost
            : state;
}
