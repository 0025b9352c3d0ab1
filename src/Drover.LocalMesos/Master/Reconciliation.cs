using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos;

/// <summary>Answers what the master knows about tasks. Every answer is without uuid; where an agent of the last run may still come back, there is none.</summary>
internal sealed class Reconciliation(MasterContext master)
{
    public void Reconcile(MasterFramework framework, Call.Types.Reconcile call)
    {
        // An empty list asks for everything.
        if (call.Tasks.Count == 0)
        {
            foreach (var task in framework.Tasks.Values)
            {
                framework.Send(Events.Update(Known(task)));
            }

            return;
        }

        foreach (var asked in call.Tasks)
        {
            if (Answer(framework, asked) is { } status)
            {
                framework.Send(Events.Update(status));
            }
        }
    }

    private TaskStatus? Answer(MasterFramework framework, Call.Types.Reconcile.Types.Task asked)
    {
        if (framework.Tasks.TryGetValue(asked.TaskId.Value, out var task))
        {
            return Known(task);
        }

        var books = master.Books;
        var agent = asked.AgentId?.Value;
        if (agent is null ? books.RecoveredAgents.Count > 0 : books.RecoveredAgents.ContainsKey(agent))
        {
            return null;
        }

        if (agent is not null && books.Agents.ContainsKey(agent))
        {
            return Unknown(framework, asked, TaskState.TaskGone, "Task is unknown to the agent");
        }

        if (agent is not null && books.UnreachableAgents.TryGetValue(agent, out var since))
        {
            var status = Unknown(framework, asked, TaskState.TaskUnreachable, "Task is on an agent that is unreachable");
            status.UnreachableTime = since;
            return status;
        }

        return agent is not null && books.GoneAgents.Contains(agent)
            ? Unknown(framework, asked, TaskState.TaskGoneByOperator, "Task is on an agent that an operator declared gone")
            : Unknown(framework, asked, TaskState.TaskUnknown, "Task is unknown");
    }

    private TaskStatus Known(MasterTask task)
    {
        var status = Events.Status(
            task.Task.TaskId, task.Task.AgentId, task.ReportedState, TaskStatus.Types.Reason.Reconciliation, "Latest task state", master.Timestamp);
        status.ExecutorId = task.Task.ExecutorId;
        if (task.Task.Statuses.LastOrDefault() is { } last)
        {
            status.ContainerStatus = last.ContainerStatus;
            if (last.HasHealthy)
            {
                status.Healthy = last.Healthy;
            }
        }

        return status;
    }

    private TaskStatus Unknown(MasterFramework framework, Call.Types.Reconcile.Types.Task asked, TaskState state, string message) =>
        Events.Status(asked.TaskId, asked.AgentId, framework.StateFor(state), TaskStatus.Types.Reason.Reconciliation, message, master.Timestamp);
}
