using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Pings agents and takes leave of those that are away too long.</summary>
/// <remarks>
/// <code>
/// connected ⇄ away ─▶ unreachable ─▶ (comes back) connected
///     └───────── any ─▶ gone: for ever
/// </code>
/// A broken connection withdraws the agent's offers at once and its tasks only after the ping time-out, except those of frameworks without checkpoints.
/// </remarks>
internal sealed partial class AgentLiveness(MasterContext master, OfferReturns returns)
{
    private static readonly MasterEvent Ping = new() { Type = MasterEvent.Types.Type.Ping };

    /// <summary>Agents of the last run that do not come back in time are unreachable.</summary>
    public void AwaitRecovered() => master.Mailbox.After(master.Options.AgentReregisterTimeout, () =>
    {
        foreach (var info in master.Books.RecoveredAgents.Values.ToList())
        {
            var since = master.Now;
            master.Store.MarkUnreachable(info.Id.Value, since.Nanoseconds);
            master.Books.RecoveredAgents.Remove(info.Id.Value);
            master.Books.UnreachableAgents[info.Id.Value] = since;
            LogUnreachable(info.Id.Value);
        }
    });

    public void Watch(MasterAgent agent)
    {
        agent.PingTimer?.Dispose();
        agent.PingTimer = master.Mailbox.After(master.Options.AgentPingInterval, () =>
        {
            if (agent.MissedPings >= master.Options.AgentPingCount)
            {
                MarkUnreachable(agent);
                return;
            }

            agent.MissedPings++;
            agent.Send(Ping);
            Watch(agent);
        });
    }

    public static void Answered(MasterAgent agent) => agent.MissedPings = 0;

    /// <summary>A stream ended; a newer session of the agent is not touched.</summary>
    public void StreamEnded(string session)
    {
        if (master.Books.Agents.Values.FirstOrDefault(a => a.Session == session) is not { } agent)
        {
            return;
        }

        agent.Disconnect();
        LogDisconnected(agent.Id);
        if (!agent.KnowsItsId)
        {
            // Killed before it stored its id, it comes back as another.
            master.Store.RemoveAgent(agent.Id);
            agent.PingTimer?.Dispose();
            master.Books.Agents.Remove(agent.Id);
            return;
        }

        returns.RescindOn(agent.Id);
        foreach (var task in master.Books.TasksOf(agent.Id).ToList())
        {
            var framework = master.Books.Frameworks[task.FrameworkId];
            if (!framework.Info.Checkpoint)
            {
                End(framework, task, TaskState.TaskLost, TaskStatus.Types.Reason.AgentDisconnected, "The agent disconnected");
            }
        }

        foreach (var key in agent.Executors.Keys.Where(k => !master.Books.Frameworks.TryGetValue(k.Framework, out var f) || !f.Info.Checkpoint).ToList())
        {
            agent.Executors.Remove(key);
        }
    }

    /// <summary>An operator says that the agent never comes back. False: no such agent.</summary>
    public bool MarkGone(string agentId)
    {
        var known = master.Books.Agents.GetValueOrDefault(agentId);
        if (known is null && !master.Books.RecoveredAgents.ContainsKey(agentId) && !master.Books.UnreachableAgents.ContainsKey(agentId))
        {
            return master.Books.GoneAgents.Contains(agentId);
        }

        master.Store.MarkGone(agentId);
        master.Books.GoneAgents.Add(agentId);
        master.Books.RecoveredAgents.Remove(agentId);
        master.Books.UnreachableAgents.Remove(agentId);
        if (known is not null)
        {
            known.Send(new MasterEvent { Type = MasterEvent.Types.Type.Shutdown });
            Remove(known, (framework, task) => End(framework, task, framework.StateFor(TaskState.TaskGoneByOperator),
                framework.IsPartitionAware ? TaskStatus.Types.Reason.AgentRemovedByOperator : TaskStatus.Types.Reason.AgentRemoved, "The agent was declared gone"));
        }

        return true;
    }

    private void MarkUnreachable(MasterAgent agent)
    {
        var since = master.Now;
        master.Store.MarkUnreachable(agent.Id, since.Nanoseconds);
        master.Books.UnreachableAgents[agent.Id] = since;
        LogUnreachable(agent.Id);
        Remove(agent, (framework, task) =>
        {
            framework.Tasks.Remove(task.Id);
            if (task.State.IsTerminal())
            {
                return;
            }

            framework.UnreachableTasks[task.Id] = task;
            var status = Events.Status(task.Task.TaskId, task.Task.AgentId, framework.StateFor(TaskState.TaskUnreachable),
                TaskStatus.Types.Reason.AgentRemoved, "The agent is unreachable", master.Timestamp);
            status.UnreachableTime = since;
            framework.Send(Events.Update(status));
        });
    }

    private void Remove(MasterAgent agent, Action<MasterFramework, MasterTask> end)
    {
        agent.PingTimer?.Dispose();
        agent.Disconnect();
        master.Books.Agents.Remove(agent.Id);
        returns.RescindOn(agent.Id);
        foreach (var task in master.Books.TasksOf(agent.Id).ToList())
        {
            end(master.Books.Frameworks[task.FrameworkId], task);
        }

        foreach (var framework in master.Books.Frameworks.Values)
        {
            framework.Send(Events.AgentFailure(agent.Info.Id));
        }
    }

    private void End(MasterFramework framework, MasterTask task, TaskState state, TaskStatus.Types.Reason reason, string message)
    {
        if (!task.State.IsTerminal())
        {
            task.End(state);
            framework.Send(Events.Update(Events.Status(task.Task.TaskId, task.Task.AgentId, state, reason, message, master.Timestamp)));
        }

        framework.Complete(task, master.Options.MaxCompletedTasks);
    }

    private readonly ILogger _logger = master.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {AgentId} disconnected")]
    private partial void LogDisconnected(string agentId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {AgentId} is unreachable")]
    private partial void LogUnreachable(string agentId);
}
