using System.Net;
using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;
using ExecutorMessage = Drover.Mesos.V1.Executor.Event;

namespace Drover.LocalMesos;

/// <summary>Starts executors, watches them, and ends them.</summary>
/// <remarks>
/// The executor is stored before its sandbox is made; its process id as soon as it has one. Killed in between, the next agent finds the process by the
/// sandbox in its environment. Whatever an executor leaves running when it ends is killed.
/// </remarks>
internal sealed partial class ExecutorSupervisor(AgentContext agent, Fetcher fetcher, TaskReports reports, IPEndPoint endPoint)
{
    private static readonly ExecutorMessage Shutdown = new() { Type = ExecutorMessage.Types.Type.Shutdown };

    /// <summary>Called when an executor's process is gone.</summary>
    public Action<AgentExecutor> Ended { get; set; } = _ => { };

    /// <summary>Begins the life of an executor that is stored.</summary>
    public void Launch(AgentExecutor executor)
    {
        executor.Preparation = new CancellationTokenSource();
        executor.RegistrationTimer = agent.Mailbox.After(agent.Options.ExecutorRegistrationTimeout, () => RegistrationTimedOut(executor));
        _ = PrepareAsync(executor, executor.Preparation.Token);
    }

    /// <summary>Tells an executor to end, and ends it when its grace period is over. Does nothing the second time.</summary>
    public void Terminate(AgentExecutor executor)
    {
        if (executor.Stage is ExecutorStage.Terminating or ExecutorStage.Terminated)
        {
            return;
        }

        agent.Store.SetTerminating(executor.ContainerId);
        var preparing = executor.Stage == ExecutorStage.Preparing;
        executor.Move(ExecutorEvent.EndAsked);
        if (preparing)
        {
            executor.Preparation?.Cancel();
        }
        else
        {
            AskToEnd(executor);
        }
    }

    /// <summary>Sends SHUTDOWN and lets the grace period run. One that is not connected now gets it when it subscribes.</summary>
    public void AskToEnd(AgentExecutor executor)
    {
        executor.Send(Shutdown);
        executor.KillTimer ??= agent.Mailbox.After(ExecutorVariables.GracePeriod(executor.Info, agent.Options), () => Kill(executor, null));
    }

    /// <summary>Ends an executor at once.</summary>
    /// <param name="executor">Must have a process.</param>
    /// <param name="cause">What its tasks come to; null for the usual.</param>
    public void Kill(AgentExecutor executor, TerminationCause? cause)
    {
        if (!executor.IsAlive)
        {
            return;
        }

        executor.Cause ??= cause;
        LogKilled(executor.Id, executor.FrameworkId, cause?.Message ?? "its grace period is over");
        if (executor.Stage != ExecutorStage.Terminating)
        {
            executor.Move(ExecutorEvent.EndAsked);
        }

        executor.Process?.Kill();
    }

    /// <summary>Waits for the end of its process.</summary>
    public void Watch(AgentExecutor executor, IExecutorProcess process)
    {
        executor.Process = process;
        executor.Identity = process.Identity;
        _ = WatchAsync();

        async Task WatchAsync()
        {
            var status = await process.Exited;
            agent.Mailbox.Post(() => Exited(executor, status));
        }
    }

    /// <summary>The process is gone, or never came to be. Its tasks are ended first: killed between these writes, the next agent does the rest.</summary>
    public void Exited(AgentExecutor executor, int status)
    {
        if (!executor.IsAlive)
        {
            return;
        }

        executor.RegistrationTimer?.Dispose();
        executor.KillTimer?.Dispose();
        agent.Launcher.KillLeftovers(executor.Identity, executor.Sandbox);
        LogExited(executor.Id, executor.FrameworkId, WaitStatus.Describe(status));
        var cause = executor.Cause
            ?? new TerminationCause(TaskState.TaskFailed, TaskStatus.Types.Reason.ExecutorTerminated, $"Executor {WaitStatus.Describe(status)}");
        foreach (var task in executor.Tasks.Values.Where(t => t.IsLive).ToList())
        {
            reports.End(executor, task, cause);
        }

        executor.CompletedAt = agent.Time.GetUtcNow();
        agent.Store.CompleteExecutor(executor.ContainerId, executor.CompletedAt.Value);
        executor.Move(ExecutorEvent.Exited);
        executor.Stream?.Close();
        executor.Stream = null;
        Report(executor, status);
        Ended(executor);
    }

    private void Report(AgentExecutor executor, int status)
    {
        var exited = new AgentCall.Types.ExecutorExited { FrameworkId = executor.Framework.Id, ExecutorId = executor.Info.ExecutorId, Status = status };
        if (!agent.SendToMaster(new AgentCall { Type = AgentCall.Types.Type.ExecutorExited, ExecutorExited = exited }))
        {
            agent.Books.UnreportedExits.Add(exited);
        }
    }

    private async Task PrepareAsync(AgentExecutor executor, CancellationToken cancellationToken)
    {
        try
        {
            var command = executor.Info.Command;
            SandboxLayout.Create(executor.Sandbox);
            await fetcher.FetchAsync(command.Uris, executor.Sandbox, cancellationToken);
            var overwritten = new List<string>();
            var start = new ExecutorStart
            {
                Sandbox = executor.Sandbox,
                Program = command.Shell ? "/bin/sh" : command.Value,
                Arguments = command.Shell ? ["sh", "-c", command.Value] : command.Arguments.Count > 0 ? [.. command.Arguments] : [command.Value],
                Environment = ExecutorVariables.Build(executor, agent.Books.AgentId!, agent.Options, endPoint, overwritten),
            };
            foreach (var name in overwritten)
            {
                await File.AppendAllTextAsync(Path.Combine(executor.Sandbox, "stderr"), $"Overwriting environment variable '{name}'\n", cancellationToken);
            }

            agent.Mailbox.Post(() => Start(executor, start));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            agent.Mailbox.Post(() => Exited(executor, WaitStatus.Killed));
        }
        catch (FetchException)
        {
            FailPreparation(new(TaskState.TaskFailed, TaskStatus.Types.Reason.ContainerLaunchFailed,
                $"Failed to fetch all URIs for container '{executor.ContainerId}': exited with status 1"));
        }
        catch (Exception e)
        {
            FailPreparation(new(TaskState.TaskDropped, TaskStatus.Types.Reason.ExecutorTerminated, $"The sandbox cannot be prepared: {e.Message}"));
        }

        void FailPreparation(TerminationCause cause) => agent.Mailbox.Post(() =>
        {
            executor.Cause ??= cause;
            Exited(executor, WaitStatus.Unknown);
        });
    }

    private void Start(AgentExecutor executor, ExecutorStart start)
    {
        if (executor.Stage != ExecutorStage.Preparing)
        {
            Exited(executor, WaitStatus.Killed);
            return;
        }

        IExecutorProcess process;
        try
        {
            process = agent.Launcher.Start(start);
        }
        catch (ExecutorStartException e)
        {
            File.AppendAllText(Path.Combine(executor.Sandbox, "stderr"), $"{e.Message}\n");
            Exited(executor, WaitStatus.CannotExecute);
            return;
        }

        executor.Move(ExecutorEvent.Started);
        executor.Preparation?.Dispose();
        executor.Preparation = null;
        agent.Store.SetProcess(executor.ContainerId, process.Identity);
        Watch(executor, process);
        LogStarted(executor.Id, executor.FrameworkId, process.Identity.Pid);
    }

    private void RegistrationTimedOut(AgentExecutor executor)
    {
        if (executor.Stage == ExecutorStage.Preparing)
        {
            executor.Cause ??= new(TaskState.TaskFailed, TaskStatus.Types.Reason.ContainerLaunchFailed, "Fetching was ended: it terminated with signal Killed");
            executor.Move(ExecutorEvent.EndAsked);
            executor.Preparation?.Cancel();
            return;
        }

        Kill(executor, new(TaskState.TaskFailed, TaskStatus.Types.Reason.ExecutorRegistrationTimeout,
            $"Executor did not register within {agent.Options.ExecutorRegistrationTimeout.TotalSeconds:0} s"));
    }

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Executor {ExecutorId} of {FrameworkId} started with pid {Pid}")]
    private partial void LogStarted(string executorId, string frameworkId, int pid);

    [LoggerMessage(Level = LogLevel.Information, Message = "Executor {ExecutorId} of {FrameworkId} {Status}")]
    private partial void LogExited(string executorId, string frameworkId, string status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Executor {ExecutorId} of {FrameworkId} is killed: {Reason}")]
    private partial void LogKilled(string executorId, string frameworkId, string reason);
}
