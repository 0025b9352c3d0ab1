using Drover.Cli.Output;

namespace Drover.Cli;

/// <summary>Everything outside that a command may touch, so that tests give it another world.</summary>
internal sealed class CliContext : IDisposable
{
    public required CliConsole Console { get; init; }

    /// <summary>An environment variable; null when unset or empty.</summary>
    public required Func<string, string?> Variable { get; init; }

    public required TimeProvider Time { get; init; }

    public required InterruptSignal Interrupt { get; init; }

    /// <summary>A client per server because a proxy must not be asked for this machine's own loopback.</summary>
    public required Func<Uri, HttpClient> Http { get; init; }

    /// <summary>Where this program lies, and with it <c>droverd</c>.</summary>
    public required string ProgramFolder { get; init; }

    /// <summary>Longest time that a shell's Tab key waits for the server.</summary>
    public TimeSpan CompletionPatience { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>How the user called this program: <c>./drover</c> through the launcher.</summary>
    public string Called => Variable("DROVER_CALLED") ?? "drover";

    /// <summary><c>/proc</c>, or a test's copy of it.</summary>
    public string ProcFolder { get; init; } = "/proc";

    public static CliContext ForThisProcess(InterruptSignal interrupt) => new()
    {
        Console = CliConsole.ForThisProcess(),
        Variable = name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
        Time = TimeProvider.System,
        Interrupt = interrupt,
        Http = ConnectTo,
        ProgramFolder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory),
    };

    /// <summary><c>$NAME</c>, or the folder below the home folder that the XDG base directory specification names.</summary>
    public string UserFolder(string variable, string belowHome)
    {
        if (Variable(variable) is { } folder && Path.IsPathRooted(folder))
        {
            return folder;
        }

        var home = Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, belowHome)
            : throw new CliFailure(ExitCode.Usage, "There is no home folder: HOME is not set.", "Set HOME, or name the data folder with --data DIR.");
    }

    public void Dispose() => Console.Flush();

    private static HttpClient ConnectTo(Uri server) => new(new SocketsHttpHandler
    {
        UseProxy = !server.IsLoopback,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        AutomaticDecompression = System.Net.DecompressionMethods.All,
    })
    {
        Timeout = TimeSpan.FromSeconds(60),
    };
}
