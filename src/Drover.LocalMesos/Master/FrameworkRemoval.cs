using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Ends a framework for ever: its id is dead before anything else happens, its tasks are killed in the books, and its executors are told to end.</summary>
internal sealed partial class FrameworkRemoval(MasterContext master, OfferReturns returns)
{
    public void Remove(MasterFramework framework, string reason)
    {
        master.Store.CompleteFramework(framework.Id, master.Options.MaxCompletedFrameworks);
        LogRemoved(framework.Id, reason);
        master.Books.CompletedFrameworks.Add(framework.Id);
        master.Books.Frameworks.Remove(framework.Id);
        framework.FailoverTimer?.Dispose();
        framework.Disconnect();
        returns.DiscardOf(framework.Id);
        foreach (var agent in master.Books.Agents.Values)
        {
            var has = framework.Tasks.Values.Any(t => t.AgentId == agent.Id) || agent.Executors.Keys.Any(k => k.Framework == framework.Id);
            foreach (var key in agent.Executors.Keys.Where(k => k.Framework == framework.Id).ToList())
            {
                agent.Executors.Remove(key);
            }

            if (has)
            {
                // An agent that is away is told when it comes back with them.
                agent.Send(ShutdownOf(framework.Info.Id));
            }
        }

        foreach (var task in framework.Tasks.Values.Where(t => !t.State.IsTerminal()))
        {
            task.End(TaskState.TaskKilled);
        }
    }

    public static MasterEvent ShutdownOf(FrameworkID framework) =>
        new() { Type = MasterEvent.Types.Type.ShutdownFramework, ShutdownFramework = new() { FrameworkId = framework } };

    private readonly ILogger _logger = master.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Framework {FrameworkId} removed: {Reason}")]
    private partial void LogRemoved(string frameworkId, string reason);
}
