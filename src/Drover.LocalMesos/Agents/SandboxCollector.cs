using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Deletes the sandboxes of ended executors when they are old, or too many, or, if the options say so, hold nothing that anybody may miss.
/// The folder goes before its row: killed in between, it is deleted again.</summary>
internal sealed partial class SandboxCollector(AgentContext agent)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>An executor ended, or its last task was acknowledged: when both are so it is only history.</summary>
    public void Retire(AgentExecutor executor)
    {
        if (executor.IsAlive || executor.Tasks.Count > 0 || !agent.Books.Executors.TryGetValue(executor.Key, out var current) || current != executor)
        {
            return;
        }

        agent.Books.Executors.Remove(executor.Key);
        if (agent.Options.DeleteSandboxesEndedAsAsked && executor.EndedAsAsked is true)
        {
            BeginDeletion(executor);
        }
        else
        {
            agent.Books.Completed.Add(executor);
        }

        if (agent.Books.Executors.Keys.All(k => k.Framework != executor.FrameworkId))
        {
            agent.Store.DeleteFramework(executor.FrameworkId);
            agent.Books.RemovedFrameworks.Remove(executor.FrameworkId);
        }
    }

    public void Start() => agent.Mailbox.After(Interval, () =>
    {
        Collect();
        Start();
    });

    private void Collect()
    {
        var oldest = agent.Time.GetUtcNow() - agent.Options.SandboxRetention;
        var surplus = agent.Books.Completed.Count - agent.Options.MaxCompletedSandboxes;
        foreach (var executor in agent.Books.Completed.Where((e, i) => i < surplus || e.CompletedAt <= oldest).ToList())
        {
            agent.Books.Completed.Remove(executor);
            BeginDeletion(executor);
        }
    }

    /// <summary>Aside: large disk images take their time.</summary>
    private void BeginDeletion(AgentExecutor executor) => _ = Task.Run(() => Delete(executor));

    private void Delete(AgentExecutor executor)
    {
        try
        {
            if (Directory.Exists(executor.Sandbox))
            {
                Directory.Delete(executor.Sandbox, recursive: true);
            }

            var runs = Path.GetDirectoryName(executor.Sandbox)!;
            if (Directory.Exists(runs) && Directory.EnumerateDirectories(runs).All(d => Path.GetFileName(d) == "latest"))
            {
                Directory.Delete(Path.GetDirectoryName(runs)!, recursive: true);
            }

            LogDeleted(executor.Sandbox);
            agent.Mailbox.Post(() => agent.Store.DeleteExecutor(executor.ContainerId));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotDeleted(executor.Sandbox, e.Message);
        }
    }

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Sandbox {Sandbox} deleted")]
    private partial void LogDeleted(string sandbox);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sandbox {Sandbox} could not be deleted: {Reason}. The next start of the agent tries again")]
    private partial void LogNotDeleted(string sandbox, string reason);
}
