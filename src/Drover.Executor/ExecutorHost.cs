using Drover.Executor.Session;
using Drover.Mesos;

namespace Drover.Executor;

/// <summary>One executor from its start to its end: in a process of its own, or inside a test.</summary>
public static class ExecutorHost
{
    /// <summary>Exit status: the task ended and the agent has its last update.</summary>
    public const int Done = 0;

    /// <summary>Exit status: there is no agent any more, or it did not acknowledge the last update.</summary>
    public const int AgentLost = 1;

    /// <summary>Exit status: command line or environment are wrong.</summary>
    public const int Usage = 2;

    /// <summary>Works for the agent that <paramref name="environment"/> names until its one task has ended.</summary>
    /// <param name="sandboxDir">The folder of this executor alone; absolute.</param>
    /// <param name="cancellationToken">Cancelling powers the machine down, reports it as killed, and returns.</param>
    /// <returns><see cref="Done"/> or <see cref="AgentLost"/>.</returns>
    public static async Task<int> RunAsync(ExecutorEnvironment environment, string sandboxDir, ExecutorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var connection = new ExecutorConnection(environment, new ExecutorConnectionOptions { Log = options.Log }, time);
        var session = new ExecutorSession(connection, environment, Path.GetFullPath(sandboxDir), options, time);
        connection.Start();
        return await session.RunAsync(cancellationToken);
    }
}
