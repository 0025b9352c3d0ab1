namespace Drover.LocalMesos;

/// <summary>wait(2) words, as FAILURE events carry them.</summary>
internal static class WaitStatus
{
    public const int Unknown = -1;

    /// <summary>Ended by SIGKILL.</summary>
    public const int Killed = 9;

    /// <summary>What a shell says of a program that it cannot execute.</summary>
    public const int CannotExecute = 127 << 8;

    public static string Describe(int status) => status switch
    {
        Unknown => "terminated",
        _ when (status & 0x7f) == 0 => $"exited with status {(status >> 8) & 0xff}",
        _ => $"terminated with signal {status & 0x7f}",
    };
}
