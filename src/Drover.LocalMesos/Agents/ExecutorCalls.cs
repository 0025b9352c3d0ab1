using Drover.LocalMesos.Wire;
using Drover.Mesos.V1.Executor;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>What executors ask and report.</summary>
internal sealed partial class ExecutorCalls(AgentContext agent, StatusUpdates updates, TaskReports reports, ExecutorSupervisor supervisor, AgentDescription description)
{
    /// <summary>Called after an executor has subscribed.</summary>
    public Action<AgentExecutor> Subscribed { get; set; } = _ => { };

    public CallResult Handle(Call call, string? authorization)
    {
        switch (call.Type)
        {
            case Call.Types.Type.Unknown:
                return CallResult.BadRequest("Failed to validate executor::Call: Expecting 'type' to be present");
            case Call.Types.Type.Heartbeat:
                // Answered before the ids are looked at.
                return CallResult.Accepted;
            case Call.Types.Type.Subscribe when call.Subscribe is null:
                return CallResult.BadRequest("Failed to validate executor::Call: Expecting 'subscribe' to be present");
        }

        if (!agent.Books.IsRead)
        {
            return new CallResult(StatusCodes.Status503ServiceUnavailable, "Agent has not read its state");
        }

        if (agent.Books.Executors.Keys.All(k => k.Framework != call.FrameworkId.Value))
        {
            return CallResult.BadRequest("Framework cannot be found");
        }

        if (!agent.Books.Executors.TryGetValue((call.FrameworkId.Value, call.ExecutorId.Value), out var executor) || !executor.IsAlive)
        {
            return CallResult.BadRequest("Executor cannot be found");
        }

        if (!LocalCredentials.Matches($"Bearer {executor.Token}", authorization))
        {
            return authorization is null ? new CallResult(StatusCodes.Status401Unauthorized, "The token is missing") : CallResult.Forbidden("The token is not this executor's");
        }

        if (call.Type == Call.Types.Type.Subscribe)
        {
            return Subscribe(executor, call.Subscribe);
        }

        if (agent.Books.IsRecovering)
        {
            return new CallResult(StatusCodes.Status503ServiceUnavailable, "Agent has not finished recovery");
        }

        return executor.Stream is null ? CallResult.Forbidden("Executor is not subscribed") : Report(executor, call);
    }

    /// <summary>The executor's connection broke; a newer one is not touched.</summary>
    public void StreamEnded(EventStream stream)
    {
        if (agent.Books.Executors.Values.FirstOrDefault(e => e.Stream == stream) is { } executor)
        {
            executor.Stream = null;
            LogDisconnected(executor.Id, executor.FrameworkId);
        }
    }

    /// <summary>Writes LAUNCH for every task that waits for its executor.</summary>
    public void Deliver(AgentExecutor executor)
    {
        foreach (var task in executor.Tasks.Values.Where(t => !t.Delivered && t.IsLive))
        {
            agent.Store.SetDelivered(executor.FrameworkId, task.Id);
            task.Delivered = true;
            executor.Send(new Event { Type = Event.Types.Type.Launch, Launch = new() { Task = task.Info } });
        }
    }

    private CallResult Subscribe(AgentExecutor executor, Call.Types.Subscribe call)
    {
        var stream = new EventStream();
        executor.Stream?.Close();
        executor.RegistrationTimer?.Dispose();
        executor.Stream = stream;
        executor.Move(ExecutorEvent.Subscribed);
        LogSubscribed(executor.Id, executor.FrameworkId, call.UnacknowledgedUpdates.Count);
        executor.Send(new Event
        {
            Type = Event.Types.Type.Subscribed,
            Subscribed = new()
            {
                ExecutorInfo = executor.Info,
                FrameworkInfo = executor.Framework,
                AgentInfo = description.Info,
                ContainerId = new ContainerID { Value = executor.ContainerId },
            },
        });
        foreach (var update in call.UnacknowledgedUpdates)
        {
            Take(executor, update.Status);
        }

        var dropped = DropLost(executor, call);
        if (executor.Stage == ExecutorStage.Terminating)
        {
            supervisor.AskToEnd(executor);
        }
        else if (!executor.HasLiveTasks && (dropped || executor.Tasks.Values.Any(t => !t.Delivered)))
        {
            // All that it was started for ended before it heard of it.
            supervisor.Terminate(executor);
        }
        else
        {
            Deliver(executor);
        }

        Subscribed(executor);
        return CallResult.Open(stream, null);
    }

    /// <summary>Tasks that were sent to the executor and never reached it: it would name them otherwise.</summary>
    private bool DropLost(AgentExecutor executor, Call.Types.Subscribe call)
    {
        var held = call.UnacknowledgedTasks.Select(t => t.TaskId.Value).ToHashSet(StringComparer.Ordinal);
        var lost = executor.Tasks.Values.Where(t => t.Delivered && t.State == TaskState.TaskStaging && !held.Contains(t.Id)).ToList();
        foreach (var task in lost)
        {
            reports.End(executor, task, new(TaskState.TaskDropped, TaskStatus.Types.Reason.AgentRestarted, "Task launched during agent restart"));
        }

        return lost.Count > 0;
    }

    private CallResult Report(AgentExecutor executor, Call call)
    {
        switch (call.Type)
        {
            case Call.Types.Type.Message when call.Message is { } message:
                agent.SendToMaster(new AgentCall
                {
                    Type = AgentCall.Types.Type.Message,
                    Message = new() { FrameworkId = executor.Framework.Id, ExecutorId = executor.Info.ExecutorId, Data = message.Data },
                });
                return CallResult.Accepted;
            case Call.Types.Type.Update when call.Update is { Status: { } status }:
                if (Refusal(executor, status) is { } refusal)
                {
                    return CallResult.BadRequest($"Failed to validate executor::Call: {refusal}");
                }

                Take(executor, status);
                return CallResult.Accepted;
            default:
                return CallResult.BadRequest($"Failed to validate executor::Call: the content of {call.Type} is missing");
        }
    }

    private static string? Refusal(AgentExecutor executor, TaskStatus status) =>
        !status.HasUuid ? "Expecting 'uuid' to be present"
        : !MesosUuid.IsValid(status.Uuid) ? "Not a valid UUID"
        : status.ExecutorId is { } id && id.Value != executor.Id ? "ExecutorID in Call does not match ExecutorID in TaskStatus"
        : status.Source != TaskStatus.Types.Source.Executor || !status.HasSource ? "Received Call from executor with an invalid source"
        : status.State == TaskState.TaskStaging ? "Received TASK_STAGING from executor, which is not allowed"
        : null;

    /// <summary>Stores an update and acknowledges it. One of a task that is not here is brought to the framework, and not acknowledged.</summary>
    private void Take(AgentExecutor executor, TaskStatus given)
    {
        if (agent.Books.RemovedFrameworks.Contains(executor.FrameworkId))
        {
            Acknowledge(executor, given);
            return;
        }

        if (given.AgentId is { } other && other.Value != agent.Books.AgentId)
        {
            LogForeign(given.TaskId.Value, other.Value);
            return;
        }

        var status = given.Clone();
        status.AgentId = new AgentID { Value = agent.Books.AgentId ?? "" };
        status.ExecutorId ??= executor.Info.ExecutorId;
        status.ContainerStatus ??= new ContainerStatus();
        status.ContainerStatus.ContainerId = new ContainerID { Value = executor.ContainerId };
        status.ContainerStatus.ExecutorPid = (uint)(executor.Identity?.Pid ?? 0);
        if (status.ContainerStatus.NetworkInfos.Count == 0)
        {
            var network = new NetworkInfo();
            network.IpAddresses.Add(new NetworkInfo.Types.IPAddress { Protocol = NetworkInfo.Types.Protocol.Ipv4, IpAddress = description.EndPoint.Address.ToString() });
            status.ContainerStatus.NetworkInfos.Add(network);
        }

        var isNew = updates.Add(executor.FrameworkId, status);
        if (executor.Tasks.TryGetValue(status.TaskId.Value, out var task))
        {
            if (isNew)
            {
                task.State = status.State;
                LogUpdate(status.TaskId.Value, executor.FrameworkId, status.State);
            }

            Acknowledge(executor, status);
        }
    }

    private static void Acknowledge(AgentExecutor executor, TaskStatus status) => executor.Send(new Event
    {
        Type = Event.Types.Type.Acknowledged,
        Acknowledged = new() { TaskId = status.TaskId, Uuid = status.Uuid },
    });

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Executor {ExecutorId} of {FrameworkId} subscribed with {Updates} unacknowledged updates")]
    private partial void LogSubscribed(string executorId, string frameworkId, int updates);

    [LoggerMessage(Level = LogLevel.Information, Message = "Executor {ExecutorId} of {FrameworkId} disconnected")]
    private partial void LogDisconnected(string executorId, string frameworkId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Task {TaskId} of {FrameworkId} is {State}")]
    private partial void LogUpdate(string taskId, string frameworkId, TaskState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An update of task {TaskId} names another agent, {AgentId}: dropped")]
    private partial void LogForeign(string taskId, string agentId);
}
