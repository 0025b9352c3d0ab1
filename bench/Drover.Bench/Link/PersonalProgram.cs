using System.Diagnostics;

namespace Drover.Bench.Link;

/// <summary>Programs that a person would run, and how long they take.</summary>
internal static class PersonalProgram
{
    /// <summary>Runs it to its end.</summary>
    /// <returns>What it printed, and seconds from start to end.</returns>
    /// <exception cref="InvalidOperationException">It could not be started, or failed.</exception>
    public static async Task<(string Output, double Seconds)> RunAsync(string program, IEnumerable<string> arguments, string? input, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        var clock = Stopwatch.StartNew();
        using var process = Start(start);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
        }

        process.StandardInput.Close();
        var text = await output;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? (text, clock.Elapsed.TotalSeconds) : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList)}: {(await errors).Trim()}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} did not start: {e.Message}. For Docker's client: apt-get install docker.io", e);
        }
    }
}
