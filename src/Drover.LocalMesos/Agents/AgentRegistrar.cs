using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>What the agent says of itself when it registers, and what it does when it has.</summary>
internal sealed partial class AgentRegistrar(AgentContext agent, StatusUpdates updates, AgentDescription description)
{
    /// <summary>Everything that lives here, or whose end is not acknowledged.</summary>
    public AgentCall.Types.Subscribe Snapshot()
    {
        var snapshot = new AgentCall.Types.Subscribe { Agent = description.Info };
        var known = agent.Books.Executors.Values.ToList();
        snapshot.Frameworks.AddRange(known.Select(e => e.Framework).DistinctBy(f => f.Id.Value, StringComparer.Ordinal));
        snapshot.Executors.AddRange(known.Where(e => e.IsAlive).Select(e => e.Info));
        snapshot.Tasks.AddRange(known.SelectMany(e => e.Tasks.Values.Select(t => Describe(e, t))));
        return snapshot;
    }

    /// <summary>A task as masters and operators see it.</summary>
    public V1Task Describe(AgentExecutor executor, AgentTask task)
    {
        var view = new V1Task
        {
            Name = task.Info.Name,
            TaskId = task.Info.TaskId,
            FrameworkId = executor.Framework.Id,
            ExecutorId = executor.Info.ExecutorId,
            AgentId = task.Info.AgentId,
            State = task.State,
            Labels = task.Info.Labels,
            Discovery = task.Info.Discovery,
            KillPolicy = task.Info.KillPolicy,
            User = executor.Framework.User,
        };
        view.Resources.AddRange(task.Info.Resources.Select(r => r.Clone()));
        if (updates.Head(executor.FrameworkId, task.Id) is { } head)
        {
            view.StatusUpdateState = head.State;
            view.StatusUpdateUuid = head.Uuid;
        }

        return view;
    }

    /// <summary>The master knows this agent now.</summary>
    /// <param name="id">New for a first registration.</param>
    /// <param name="send">Takes calls while the session lasts.</param>
    public void Registered(string id, Func<AgentCall, bool> send)
    {
        if (agent.Books.AgentId != id)
        {
            agent.Store.SaveAgentId(id);
            agent.Books.AgentId = id;
        }

        LogRegistered(id);
        agent.SendToMaster = send;
        send(new AgentCall { Type = AgentCall.Types.Type.Pong });
        foreach (var exited in agent.Books.UnreportedExits)
        {
            send(new AgentCall { Type = AgentCall.Types.Type.ExecutorExited, ExecutorExited = exited });
        }

        agent.Books.UnreportedExits.Clear();
        updates.Resume();
    }

    public void Disconnected()
    {
        agent.SendToMaster = _ => false;
        updates.Pause();
    }

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Registered as agent {AgentId}")]
    private partial void LogRegistered(string agentId);
}
