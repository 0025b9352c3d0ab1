using Drover.Mesos;
using Drover.Mesos.V1;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tasks;

/// <summary>Tasks of this framework that no request owns: attempts that came back after another one was started, or machines whose delete did not
/// wait for a lost agent. They are killed, but only after the first reconciliation with a master is through.</summary>
internal sealed class StrayTasks
{
    private readonly Dictionary<string, string> _alive = new(StringComparer.Ordinal);

    /// <summary>Task id and agent id of those that live.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Alive => _alive;

    public void Seen(TaskStatus status)
    {
        var maybeAlive = !status.State.IsTerminal() && status.State is not (TaskState.TaskUnknown or TaskState.TaskUnreachable);
        if (maybeAlive && status.AgentId is not null)
        {
            _alive[status.TaskId.Value] = status.AgentId.Value;
        }
        else
        {
            _alive.Remove(status.TaskId.Value);
        }
    }
}
