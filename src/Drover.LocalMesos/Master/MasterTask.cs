using Google.Protobuf;

namespace Drover.LocalMesos;

/// <summary>A task in the master's books, from the launch until its last update is acknowledged.</summary>
internal sealed class MasterTask
{
    private MasterTask(V1Task task)
    {
        Task = task;
        Resources = Resources.Of(task.Resources);
    }

    public V1Task Task { get; }

    public string Id => Task.TaskId.Value;

    public string FrameworkId => Task.FrameworkId.Value;

    public string AgentId => Task.AgentId.Value;

    /// <summary>What the agent last said the task has come to. Resources follow it, even while older updates wait for their acknowledgement.</summary>
    public TaskState State => Task.State;

    /// <summary>What the framework was last told: the answer to reconciliation.</summary>
    public TaskState ReportedState => Task.HasStatusUpdateState ? Task.StatusUpdateState : Task.State;

    public Resources Resources { get; }

    public static MasterTask Launched(FrameworkInfo framework, TaskInfo info)
    {
        var task = new V1Task
        {
            Name = info.Name,
            TaskId = info.TaskId,
            FrameworkId = framework.Id,
            ExecutorId = info.Executor?.ExecutorId,
            AgentId = info.AgentId,
            State = TaskState.TaskStaging,
            Labels = info.Labels,
            Discovery = info.Discovery,
            Container = info.Container,
            User = framework.User,
            HealthCheck = info.HealthCheck,
            KillPolicy = info.KillPolicy,
        };
        task.Resources.AddRange(info.Resources.Select(r => r.Clone()));
        return new MasterTask(task);
    }

    /// <summary>As an agent reports it.</summary>
    public static MasterTask Reported(V1Task task) => new(task.Clone());

    /// <summary>Notes an update on its way to the framework, and what the task has come to since.</summary>
    public void Note(TaskStatus status, TaskState latest)
    {
        Task.State = latest;
        Task.StatusUpdateState = status.State;
        Task.StatusUpdateUuid = status.HasUuid ? status.Uuid : ByteString.Empty;
        Task.Statuses.Add(status.Clone());
        while (Task.Statuses.Count > 16)
        {
            Task.Statuses.RemoveAt(0);
        }
    }

    /// <summary>Ends the task in the books only: its agent may not know yet.</summary>
    public void End(TaskState state)
    {
        Task.State = state;
        Task.StatusUpdateState = state;
        Task.StatusUpdateUuid = ByteString.Empty;
    }
}
