using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Agents come and come back; what they report is compared with the books.</summary>
/// <remarks>
/// What only the books have was lost on its way: DROPPED. What only the agent has comes back into the books (after a master's restart, or from an
/// unreachable agent). Executors of ended frameworks are told to end.
/// </remarks>
internal sealed partial class AgentRegistration(MasterContext master, AgentLiveness liveness)
{
    public CallResult Subscribe(AgentCall.Types.Subscribe call)
    {
        var stream = new EventStream();
        var session = Guid.NewGuid().ToString();
        if (call.Agent.Id is { } id && master.Books.GoneAgents.Contains(id.Value))
        {
            LogGone(id.Value);
            stream.Send(new MasterEvent { Type = MasterEvent.Types.Type.Shutdown });
            stream.Close();
            return CallResult.Open(stream, session);
        }

        if (call.Agent.Id is { } known && master.Books.Agents.GetValueOrDefault(known.Value)?.Session is { } old)
        {
            // Restarted so quickly that the end of its connection was not seen yet.
            liveness.StreamEnded(old);
        }

        var (agent, wasUnreachable) = Admit(call.Agent.Clone());
        agent.Connect(stream, session);
        agent.Send(new MasterEvent
        {
            Type = MasterEvent.Types.Type.Subscribed,
            Subscribed = new() { AgentId = agent.Info.Id, PingTimeoutMilliseconds = (long)master.Options.AgentPingTimeout.TotalMilliseconds },
        });
        LogRegistered(agent.Id, agent.Info.Hostname, call.Tasks.Count);
        Compare(agent, call, wasUnreachable);
        foreach (var kill in agent.PendingKills)
        {
            agent.Send(kill);
        }

        agent.PendingKills.Clear();
        liveness.Watch(agent);
        return CallResult.Open(stream, session);
    }

    private (MasterAgent Agent, bool WasUnreachable) Admit(AgentInfo info)
    {
        var isNew = info.Id is not { Value.Length: > 0 };
        if (isNew)
        {
            info.Id = new AgentID { Value = master.NextAgentId() };
        }

        master.Store.SaveAgent(info);
        var wasUnreachable = master.Books.UnreachableAgents.Remove(info.Id.Value);
        master.Books.RecoveredAgents.Remove(info.Id.Value);
        if (!master.Books.Agents.TryGetValue(info.Id.Value, out var agent))
        {
            agent = new MasterAgent(info) { RegisteredTime = master.Now, KnowsItsId = !isNew };
            master.Books.Agents[agent.Id] = agent;
        }
        else
        {
            agent.Info = info;
            agent.Total = Resources.Of(info.Resources);
            agent.ReregisteredTime = master.Now;
        }

        return (agent, wasUnreachable);
    }

    private void Compare(MasterAgent agent, AgentCall.Types.Subscribe call, bool wasUnreachable)
    {
        foreach (var info in call.Frameworks)
        {
            if (master.Books.CompletedFrameworks.Contains(info.Id.Value))
            {
                agent.Send(FrameworkRemoval.ShutdownOf(info.Id));
            }
            else
            {
                // Known only from its agents: after a restart, until it subscribes.
                master.Books.Frameworks.TryAdd(info.Id.Value, new MasterFramework(info) { Recovered = true });
            }
        }

        agent.Executors.Clear();
        foreach (var executor in call.Executors.Where(e => master.Books.Frameworks.ContainsKey(e.FrameworkId.Value)))
        {
            agent.Executors[(executor.FrameworkId.Value, executor.ExecutorId.Value)] = executor;
        }

        foreach (var task in call.Tasks)
        {
            if (master.Books.Frameworks.TryGetValue(task.FrameworkId.Value, out var framework))
            {
                Take(framework, task, wasUnreachable);
            }
        }

        DropMissing(agent, call.Tasks.Select(t => (t.FrameworkId.Value, t.TaskId.Value)).ToHashSet());
    }

    private void Take(MasterFramework framework, V1Task reported, bool wasUnreachable)
    {
        var task = MasterTask.Reported(reported);
        framework.Tasks[task.Id] = task;
        if (framework.UnreachableTasks.Remove(task.Id) || wasUnreachable)
        {
            var status = Events.Status(reported.TaskId, reported.AgentId, task.ReportedState,
                TaskStatus.Types.Reason.AgentReregistered, "The agent came back", master.Timestamp);
            status.ExecutorId = reported.ExecutorId;
            framework.Send(Events.Update(status));
        }
    }

    private void DropMissing(MasterAgent agent, HashSet<(string Framework, string Task)> reported)
    {
        foreach (var task in master.Books.TasksOf(agent.Id).Where(t => !reported.Contains((t.FrameworkId, t.Id))).ToList())
        {
            var framework = master.Books.Frameworks[task.FrameworkId];
            if (!task.State.IsTerminal())
            {
                task.End(framework.StateFor(TaskState.TaskDropped));
                LogDropped(task.Id, agent.Id);
                framework.Send(Events.Update(Events.Status(task.Task.TaskId, task.Task.AgentId, task.State,
                    TaskStatus.Types.Reason.Reconciliation, "Task is unknown to the agent", master.Timestamp)));
            }

            framework.Complete(task, master.Options.MaxCompletedTasks);
        }
    }

    private readonly ILogger _logger = master.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {AgentId} on {Hostname} registered with {Tasks} tasks")]
    private partial void LogRegistered(string agentId, string hostname, int tasks);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {AgentId} was declared gone and is refused")]
    private partial void LogGone(string agentId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Task {TaskId} is unknown to agent {AgentId}: dropped")]
    private partial void LogDropped(string taskId, string agentId);
}
