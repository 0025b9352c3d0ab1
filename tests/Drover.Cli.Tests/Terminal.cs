using Drover.Cli.Commands;
using Drover.Cli.Output;

namespace Drover.Cli.Tests;

/// <summary>Runs command lines of the program inside the test, in a world of its own: streams, variables, home folder.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public Terminal() => Variables["HOME"] = Home.FullName;

    public DirectoryInfo Home { get; } = Directory.CreateTempSubdirectory("drover-cli-test-");

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public InterruptSignal Interrupt { get; } = new();

    public string Input { get; set; } = "";

    /// <summary>Whether a person sits there.</summary>
    public bool IsInteractive { get; set; }

    public string ProgramFolder { get; set; } = "/nowhere";

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public CliContext Context() => new()
    {
        Console = new CliConsole { Out = TextWriter.Synchronized(_out), Error = TextWriter.Synchronized(_error), In = new StringReader(Input), InIsTerminal = IsInteractive, ErrorIsTerminal = IsInteractive },
        Variable = name => Variables.GetValueOrDefault(name) is { Length: > 0 } value ? value : null,
        Time = TimeProvider.System,
        Interrupt = Interrupt,
        Http = _ => new HttpClient(),
        ProgramFolder = ProgramFolder,
        CompletionPatience = TimeSpan.FromSeconds(30),
    };

    public async Task<int> RunAsync(params string[] arguments)
    {
        _out.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        return await CommandLine.RunAsync(arguments, Context());
    }

    public void Dispose()
    {
        Interrupt.Dispose();
        Home.Delete(recursive: true);
    }
}
