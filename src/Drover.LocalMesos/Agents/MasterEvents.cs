using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;
using ExecutorMessage = Drover.Mesos.V1.Executor.Event;

namespace Drover.LocalMesos;

/// <summary>Carries out what the master says.</summary>
internal sealed partial class MasterEvents(AgentContext agent, StatusUpdates updates, TaskReports reports, ExecutorSupervisor supervisor, ExecutorCalls executors)
{
    private static readonly AgentCall Pong = new() { Type = AgentCall.Types.Type.Pong };

    public void Handle(MasterEvent message)
    {
        switch (message.Type)
        {
            case MasterEvent.Types.Type.Launch:
                Launch(message.Launch.Framework, message.Launch.Task);
                break;
            case MasterEvent.Types.Type.Kill:
                Kill(message.Kill);
                break;
            case MasterEvent.Types.Type.Acknowledge:
                updates.Acknowledge(message.Acknowledge.FrameworkId.Value, message.Acknowledge.TaskId, message.Acknowledge.Uuid);
                break;
            case MasterEvent.Types.Type.ShutdownExecutor:
                if (Find(message.ShutdownExecutor.FrameworkId, message.ShutdownExecutor.ExecutorId) is { } executor)
                {
                    supervisor.Terminate(executor);
                }

                break;
            case MasterEvent.Types.Type.ShutdownFramework:
                EndFramework(message.ShutdownFramework.FrameworkId.Value);
                break;
            case MasterEvent.Types.Type.Message:
                Find(message.Message.FrameworkId, message.Message.ExecutorId)?.Send(new ExecutorMessage
                {
                    Type = ExecutorMessage.Types.Type.Message,
                    Message = new() { Data = message.Message.Data },
                });
                break;
            case MasterEvent.Types.Type.Ping:
                agent.SendToMaster(Pong);
                break;
            case MasterEvent.Types.Type.Shutdown:
                EndAll();
                break;
        }
    }

    private void Launch(FrameworkInfo framework, TaskInfo info)
    {
        if (agent.Books.RemovedFrameworks.Contains(framework.Id.Value) || agent.Books.Find(framework.Id.Value, info.TaskId.Value) is not null)
        {
            return;
        }

        var task = new AgentTask(info);
        if (!agent.Books.Executors.TryGetValue((framework.Id.Value, info.Executor.ExecutorId.Value), out var executor))
        {
            executor = Create(framework, info.Executor);
            agent.Store.AddExecutor(executor, task);
            executor.Tasks.Add(task.Id, task);
            agent.Books.Executors.Add(executor.Key, executor);
            LogLaunching(task.Id, framework.Id.Value, executor.ContainerId);
            supervisor.Launch(executor);
            return;
        }

        if (executor.Stage is ExecutorStage.Terminating or ExecutorStage.Terminated)
        {
            reports.Refuse(framework, info.TaskId, new(TaskState.TaskDropped, TaskStatus.Types.Reason.TaskInvalid,
                "Cannot reuse an already existing executor: it is ending"));
            return;
        }

        executor.Framework = framework;
        agent.Store.AddTask(executor, task);
        executor.Tasks.Add(task.Id, task);
        if (executor.Stage == ExecutorStage.Running && executor.Stream is not null)
        {
            executors.Deliver(executor);
        }
    }

    private AgentExecutor Create(FrameworkInfo framework, ExecutorInfo info)
    {
        var container = Guid.NewGuid().ToString();
        var sandbox = agent.Sandboxes.Of(agent.Books.AgentId!, framework.Id.Value, info.ExecutorId.Value, container);
        return new AgentExecutor(framework, info, container, sandbox, token: $"{Guid.NewGuid():N}{Guid.NewGuid():N}");
    }

    private void Kill(MasterEvent.Types.Kill kill)
    {
        if (agent.Books.Find(kill.FrameworkId.Value, kill.TaskId.Value) is not var (executor, task) || !task.IsLive)
        {
            return;
        }

        if (!task.Delivered)
        {
            reports.End(executor, task, new(TaskState.TaskKilled, TaskStatus.Types.Reason.TaskKilledDuringLaunch, "Killed before it was delivered to its executor"));
            if (!executor.HasLiveTasks && executor.Tasks.Values.All(t => !t.Delivered))
            {
                supervisor.Terminate(executor);
            }

            return;
        }

        if (executor.Stage == ExecutorStage.Running)
        {
            // Lost when the executor is not connected just now; the scheduler repeats it.
            executor.Send(new ExecutorMessage
            {
                Type = ExecutorMessage.Types.Type.Kill,
                Kill = new() { TaskId = kill.TaskId, KillPolicy = kill.KillPolicy },
            });
        }
    }

    private void EndFramework(string framework)
    {
        var living = agent.Books.Living.Where(e => e.FrameworkId == framework).ToList();
        agent.Store.RemoveFramework(framework);
        agent.Books.RemovedFrameworks.Add(framework);
        updates.Remove(framework);
        foreach (var executor in agent.Books.Executors.Values.Where(e => e.FrameworkId == framework).ToList())
        {
            executor.Tasks.Clear();
        }

        LogFrameworkEnded(framework, living.Count);
        foreach (var executor in living)
        {
            supervisor.Terminate(executor);
        }
    }

    private void EndAll()
    {
        LogGone();
        agent.Store.ForgetAgentId();
        agent.Books.AgentId = null;
        foreach (var framework in agent.Books.Executors.Values.Select(e => e.FrameworkId).Distinct(StringComparer.Ordinal).ToList())
        {
            EndFramework(framework);
        }
    }

    private AgentExecutor? Find(FrameworkID framework, ExecutorID executor) =>
        agent.Books.Executors.GetValueOrDefault((framework.Value, executor.Value));

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Launching task {TaskId} of {FrameworkId} in container {ContainerId}")]
    private partial void LogLaunching(string taskId, string frameworkId, string containerId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Framework {FrameworkId} was ended: {Executors} executors are told to end")]
    private partial void LogFrameworkEnded(string frameworkId, int executors);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This agent was declared gone: all executors end, and it comes back as a new agent")]
    private partial void LogGone();
}
