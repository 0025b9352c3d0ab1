using System.Diagnostics;

namespace Drover.Cli.Output;

/// <summary>The terminal handing over every key at once and showing nothing by itself, until it is disposed of. By <c>stty</c>, which every system with a terminal has.</summary>
internal sealed class RawTerminal : IAsyncDisposable
{
    private string? _before;

    private RawTerminal(string? before) => _before = before;

    /// <summary>False where standard input is no terminal.</summary>
    public bool IsRaw => _before is not null;

    public static async Task<RawTerminal> EnterAsync(CancellationToken token)
    {
        if (Console.IsInputRedirected)
        {
            return new RawTerminal(null);
        }

        var before = (await SttyAsync(["-g"], token)).Trim();
        await SttyAsync(["raw", "-echo"], token);
        return new RawTerminal(before);
    }

    public async ValueTask DisposeAsync()
    {
        if (_before is { } before)
        {
            _before = null;
            await SttyAsync([before], CancellationToken.None);
        }
    }

    private static async Task<string> SttyAsync(IEnumerable<string> arguments, CancellationToken token)
    {
        using var process = Process.Start(new ProcessStartInfo("stty", arguments) { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new CliFailure(ExitCode.Failed, "stty cannot be started, and without it the terminal cannot be handed over.");
        var text = await process.StandardOutput.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        return text;
    }
}
