using System.Runtime.InteropServices;

namespace Drover.Executor.Processes;

/// <summary>How a process ended: an exit code, or the signal that killed it.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ProcessExit(int Code, int Signal)
{
    public bool IsSuccess => Code == 0 && Signal == 0;

    /// <summary>Reads a wait status (wait(2)).</summary>
    internal static ProcessExit FromWaitStatus(int status) =>
        (status & 0x7f) == 0 ? new ProcessExit((status >> 8) & 0xff, 0) : new ProcessExit(0, status & 0x7f);

    public override string ToString() => Signal switch
    {
        0 => $"exit status {Code}",
        4 => "killed by signal 4 (SIGILL)",
        6 => "aborted (SIGABRT)",
        9 => "killed by signal 9 (SIGKILL)",
        11 => "crashed (SIGSEGV)",
        15 => "ended by signal 15 (SIGTERM)",
        31 => "killed by its system call filter (SIGSYS)",
        _ => $"killed by signal {Signal}",
    };
}
