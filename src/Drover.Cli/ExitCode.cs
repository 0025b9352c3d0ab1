namespace Drover.Cli;

/// <summary>What the program's exit code means. Scripts rely on these numbers; <c>drover --help</c> and docs/cli.md list them.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>What was asked for was tried and failed: a machine in error, a process that died, a server's own fault.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>No such host, environment or image.</summary>
    public const int NotFound = 3;

    /// <summary><c>drover status</c>: no instance runs on this data folder. The number that init scripts use for it.</summary>
    public const int NotRunning = 3;

    /// <summary>Wrong, missing or expired credentials, or not enough rights.</summary>
    public const int NotAuthorised = 4;

    /// <summary>No answer from the server.</summary>
    public const int Unreachable = 5;

    /// <summary>The time limit was reached; what was begun goes on.</summary>
    public const int Timeout = 6;

    /// <summary>The server or this program refused: name taken, wrong state, ambiguous name, confirmation missing.</summary>
    public const int Refused = 7;

    /// <summary>Ctrl-C, as shells count it: 128 + SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>The paragraph below the help of the root command.</summary>
    public const string Help = """
        Exit codes:
          0  done                     4  not authorised
          1  failed                   5  server unreachable
          2  wrong command line       6  time limit reached
          3  not found / not running  7  refused (name taken, wrong state, not confirmed)
          130  interrupted with Ctrl-C
        """;
}
