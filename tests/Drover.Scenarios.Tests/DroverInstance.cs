using System.Diagnostics;
using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Scenarios.Tests;

/// <summary>One Drover on this machine, driven as a user drives it: by the built <c>drover</c> program, with a data folder and a port of its own.</summary>
internal sealed class DroverInstance : IAsyncDisposable
{
    /// <summary>The checkout.</summary>
    public static string Home { get; } = FindHome();

    private DroverInstance(string data, int port)
    {
        Data = data;
        Listen = $"127.0.0.1:{port}";
    }

    public string Data { get; }

    public string Listen { get; }

    public string Url => $"http://{Listen}";

    /// <summary>The programs as <c>./drover</c> builds them.</summary>
    public static string Programs => Path.Combine(Home, "artifacts", "drover");

    public static DroverInstance Create() =>
        new(Directory.CreateTempSubdirectory("drover-scenario-").FullName, TestPort.Take());

    /// <summary>One whose hosts of standard size are copies of the run's template, unless they ask for a boot.</summary>
    public static async Task<DroverInstance> CreateWithTemplateAsync(CancellationToken cancellationToken)
    {
        await RunCache.TemplateAsync(cancellationToken);
        return Create();
    }

    /// <summary>Runs one command of the CLI against this instance and returns what it printed.</summary>
    public Task<CommandResult> RunAsync(CancellationToken cancellationToken, params string[] arguments) => RunProgramAsync(Path.Combine(Programs, "drover"), null, cancellationToken, arguments);

    /// <summary>Runs any program, with the CLI's variables, and with what it is to read.</summary>
    public async Task<CommandResult> RunProgramAsync(string program, byte[]? input, CancellationToken cancellationToken, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Data,
        };
        start.Environment["DROVER_DATA"] = Data;
        start.Environment["DROVER_HOME"] = Home;
        start.Environment["DROVER_CACHE"] = RunCache.Folder;
        start.Environment["XDG_RUNTIME_DIR"] = Data;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        await process.StandardInput.BaseStream.WriteAsync(input ?? [], cancellationToken);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new CommandResult(string.Join(' ', arguments), process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<CommandResult> MustAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var result = await RunAsync(cancellationToken, arguments);
        Assert.True(result.ExitCode == 0, $"drover {result.Command} ended with {result.ExitCode}:\n{result.Output}\n{result.Error}\n{DaemonLogTail()}");
        return result;
    }

    /// <summary><c>drover up</c> without a first host, unless asked.</summary>
    public Task<CommandResult> UpAsync(CancellationToken cancellationToken, params string[] more) =>
        MustAsync(cancellationToken, ["up", "--detach", "--listen", Listen, .. more]);

    /// <summary>What <c>host ls --format json</c> says, by name.</summary>
    public async Task<IReadOnlyDictionary<string, JsonObject>> HostsAsync(CancellationToken cancellationToken)
    {
        var result = await MustAsync(cancellationToken, "host", "ls", "--format", "json");
        return JsonNode.Parse(result.Output)!.AsArray().OfType<JsonObject>().ToDictionary(o => (string)o["name"]!, StringComparer.Ordinal);
    }

    /// <summary>Processes whose command line carries this instance's data folder.</summary>
    public IReadOnlyList<FoundProcess> Processes() => FoundProcess.WithCommandLine(Data);

    public FoundProcess Daemon() => Processes().Single(p => p.Name == "droverd");

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await RunAsync(timeout.Token, "down");
        }
        finally
        {
            foreach (var left in Processes())
            {
                left.Kill();
            }

            Directory.Delete(Data, recursive: true);
        }
    }

    public string DaemonLogTail()
    {
        var log = Path.Combine(Data, "droverd.log");
        return File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(30)) : "(no droverd.log)";
    }

    private static string FindHome()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Drover.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("Scenarios run from inside a checkout.");
    }
}

/// <summary>What one command printed.</summary>
internal sealed record CommandResult(string Command, int ExitCode, string Output, string Error);
