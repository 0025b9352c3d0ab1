namespace Drover.Mesos;

/// <summary>How an <see cref="ExecutorConnection"/> behaves. The defaults are right for any agent.</summary>
public sealed class ExecutorConnectionOptions
{
    /// <summary>Gets a line for what an operator should find in the executor's log. Null for silence.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Longest pause between two attempts to reach the agent. Default 1 s: a restarted agent waits only 2 s for its executors.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for the answer to a call. Default 75 s.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Longest record in bytes. Default 64 MiB.</summary>
    public int MaxRecordBytes { get; init; } = 64 * 1024 * 1024;
}
