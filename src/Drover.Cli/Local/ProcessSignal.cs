using System.Runtime.InteropServices;

namespace Drover.Cli.Local;

/// <summary>Sends signals to processes that are still the ones that were found.</summary>
internal static partial class ProcessSignal
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>Does nothing when the process is gone, or its number belongs to another one by now.</summary>
    public static void Send(ProcessTable processes, int pid, long startTime, int signal)
    {
        if (processes.IsAlive(pid, startTime))
        {
            _ = SendSignal(pid, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
