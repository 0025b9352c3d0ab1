namespace Drover.LocalMesos;

/// <summary>A process for ever: process ids are used again, together with the start time they are not.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="StartTime">Clock ticks since boot, field 22 of <c>/proc/PID/stat</c>.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct ProcessIdentity(int Pid, long StartTime);

/// <summary>What to start.</summary>
public sealed record ExecutorStart
{
    /// <summary>Absolute; becomes the current directory; gets the files <c>stdout</c> and <c>stderr</c>.</summary>
    public required string Sandbox { get; init; }

    /// <summary>Absolute, relative to the sandbox, or a bare name to be found in the environment's PATH.</summary>
    public required string Program { get; init; }

    /// <summary>The whole argument vector, the program's name included.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment: nothing is inherited.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }
}

/// <summary>A started executor.</summary>
public interface IExecutorProcess
{
    ProcessIdentity Identity { get; }

    /// <summary>Completes when it has ended, with the wait(2) word, or -1 when that cannot be known. Never fails.</summary>
    Task<int> Exited { get; }

    /// <summary>Ends it and everything that it started, at once.</summary>
    void Kill();
}

/// <summary>Starts executors so that they outlive their agent, and finds them again.</summary>
/// <remarks>Methods are called by one thread at a time. An executor that was started keeps running when the launcher, the agent or their process goes away.</remarks>
public interface IExecutorLauncher
{
    /// <summary>Changes when everything that was started before is surely dead: the boot id.</summary>
    string Generation { get; }

    /// <summary>Starts an executor. When this returns it runs.</summary>
    /// <exception cref="ExecutorStartException">It cannot be started.</exception>
    IExecutorProcess Start(ExecutorStart start);

    /// <summary>A living executor of an earlier agent.</summary>
    /// <param name="identity">Null when the agent was killed before it could note it: then the sandbox tells.</param>
    /// <param name="sandbox">The executor's sandbox: no other executor has the same.</param>
    IExecutorProcess? Find(ProcessIdentity? identity, string sandbox);

    /// <summary>Ends what an ended executor left running.</summary>
    void KillLeftovers(ProcessIdentity? identity, string sandbox);
}

/// <summary>An executor's program cannot be started.</summary>
public sealed class ExecutorStartException(string message) : Exception(message);
