using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Finds again, after a start, what an earlier agent left: living executors, unacknowledged updates, half-done steps.</summary>
/// <remarks>
/// In another boot everything is dead and forgotten. Else living executors are watched again and get a time in which to subscribe; the master is
/// told only after that. An executor that was stored but has no process was never started: its tasks are DROPPED.
/// </remarks>
internal sealed partial class AgentRecovery(AgentContext agent, StatusUpdates updates, ExecutorSupervisor supervisor)
{
    private IDisposable? _window;

    /// <summary>Called when the master may be told.</summary>
    public Action Recovered { get; set; } = () => { };

    /// <summary>Reads the store and looks for the processes.</summary>
    public void Run()
    {
        agent.Books.AgentId = agent.Store.AgentId;
        ForgetOtherBoot();
        var frameworks = agent.Store.Frameworks();
        agent.Books.RemovedFrameworks.UnionWith(frameworks.Where(f => f.Removed).Select(f => f.Info.Id.Value));
        var infos = frameworks.ToDictionary(f => f.Info.Id.Value, f => f.Info, StringComparer.Ordinal);
        foreach (var (framework, status, acknowledged) in agent.Store.Updates())
        {
            updates.Restore(framework, status, acknowledged);
        }

        var tasks = agent.Store.Tasks().ToLookup(t => t.Container, StringComparer.Ordinal);
        foreach (var row in agent.Store.Executors().OrderBy(r => r.Completed ?? DateTimeOffset.MaxValue))
        {
            Restore(row, infos.GetValueOrDefault(row.Framework) ?? new FrameworkInfo { User = "", Name = "", Id = new FrameworkID { Value = row.Framework } }, tasks[row.Container]);
        }

        agent.Books.IsRead = true;
    }

    /// <summary>Begins the time in which living executors must come back.</summary>
    public void OpenWindow()
    {
        _window = agent.Mailbox.After(agent.Options.ExecutorReregistrationTimeout, CloseWindow);
        CloseIfAllBack();
    }

    /// <summary>One of them is back, or ended.</summary>
    public void NoLongerAwaited(AgentExecutor executor)
    {
        if (agent.Books.Awaited.Remove(executor) && _window is not null)
        {
            CloseIfAllBack();
        }
    }

    private void ForgetOtherBoot()
    {
        var generation = agent.Launcher.Generation;
        if (agent.Store.Generation is not { } stored)
        {
            agent.Store.SaveGeneration(generation);
        }
        else if (stored != generation)
        {
            LogOtherBoot();
            agent.Store.ForgetRunning(agent.Time.GetUtcNow(), generation);
        }
    }

    private void Restore(ExecutorRow row, FrameworkInfo framework, IEnumerable<(string Container, TaskInfo Info, bool Delivered)> tasks)
    {
        var executor = new AgentExecutor(framework, row.Info, row.Container, row.Sandbox, row.Token) { Identity = row.Process, CompletedAt = row.Completed };
        foreach (var (_, info, delivered) in tasks)
        {
            executor.Tasks.Add(info.TaskId.Value, new AgentTask(info)
            {
                Delivered = delivered,
                State = updates.Latest(row.Framework, info.TaskId.Value) ?? TaskState.TaskStaging,
            });
        }

        if (row.Completed is not null)
        {
            executor.Move(ExecutorEvent.Exited);
            if (executor.Tasks.Count == 0)
            {
                agent.Books.Completed.Add(executor);
            }
            else
            {
                agent.Books.Executors[executor.Key] = executor;
            }

            return;
        }

        agent.Books.Executors[executor.Key] = executor;
        Reattach(executor, row);
    }

    private void Reattach(AgentExecutor executor, ExecutorRow row)
    {
        var process = agent.Launcher.Find(row.Process, row.Sandbox);
        if (process is null)
        {
            executor.Cause = row.Process is null
                ? new(TaskState.TaskDropped, TaskStatus.Types.Reason.AgentRestarted, "The agent was restarted before it could start the executor")
                : null;
            supervisor.Exited(executor, WaitStatus.Unknown);
            return;
        }

        if (row.Process is null)
        {
            agent.Store.SetProcess(row.Container, process.Identity);
        }

        LogFound(executor.Id, executor.FrameworkId, process.Identity.Pid);
        executor.Move(ExecutorEvent.Started);
        supervisor.Watch(executor, process);
        if (!executor.Framework.Checkpoint)
        {
            // Its master gave the tasks up when the agent went away.
            executor.Tasks.Clear();
            supervisor.Kill(executor, null);
            return;
        }

        if (row.Terminating)
        {
            executor.Move(ExecutorEvent.EndAsked);
            supervisor.AskToEnd(executor);
        }

        agent.Books.Awaited.Add(executor);
    }

    private void CloseIfAllBack()
    {
        if (agent.Books.Awaited.Count == 0 && agent.Books.IsRecovering)
        {
            CloseWindow();
        }
    }

    private void CloseWindow()
    {
        _window?.Dispose();
        foreach (var executor in agent.Books.Awaited.ToList())
        {
            supervisor.Kill(executor, new(TaskState.TaskGone, TaskStatus.Types.Reason.ExecutorReregistrationTimeout,
                $"Executor did not re-register within {agent.Options.ExecutorReregistrationTimeout.TotalSeconds:0} s"));
        }

        agent.Books.Awaited.Clear();
        agent.Books.IsRecovering = false;
        Recovered();
    }

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The machine was started anew: everything that ran before is gone")]
    private partial void LogOtherBoot();

    [LoggerMessage(Level = LogLevel.Information, Message = "Executor {ExecutorId} of {FrameworkId} found again with pid {Pid}")]
    private partial void LogFound(string executorId, string frameworkId, int pid);
}
