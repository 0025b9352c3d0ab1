using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>Which QEMU is installed.</summary>
internal static partial class QemuVersion
{
    private static readonly Version Oldest = new(7, 2);

    /// <summary>The first line that the program says of itself. It is asked once for each file that it is: to start it only for that takes longer than a copy's disk and network together.</summary>
    /// <param name="stateDirectory">Where executors of this computer remember it.</param>
    /// <exception cref="MachineException">It is missing, broken or too old.</exception>
    internal static async Task<string> RememberedAsync(string program, string stateDirectory, CancellationToken cancellationToken)
    {
        if (FileOf(program) is not { } file)
        {
            return await OfAsync(program, cancellationToken);
        }

        var path = Path.Combine(stateDirectory, "qemu-version");
        var asked = string.Create(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        if (File.Exists(path) && await File.ReadAllLinesAsync(path, cancellationToken) is [var known, var line] && known == asked)
        {
            return line;
        }

        line = await OfAsync(program, cancellationToken);
        Directory.CreateDirectory(stateDirectory);
        var own = $"{path}.{Environment.ProcessId}";
        await File.WriteAllLinesAsync(own, [asked, line], cancellationToken);
        File.Move(own, path, overwrite: true);
        return line;
    }

    /// <summary>The first line that the program says of itself.</summary>
    /// <exception cref="MachineException">It is missing, broken or too old.</exception>
    internal static async Task<string> OfAsync(string program, CancellationToken cancellationToken)
    {
        ToolResult result;
        try
        {
            result = await ToolRun.RunAsync(new ProcessSpec { Program = program, Arguments = ["--version"] }, cancellationToken);
        }
        catch (Win32Exception e)
        {
            throw new MachineException($"QEMU {e.Message}. Install it (Debian: qemu-system-x86).", e);
        }

        var line = result.Output.Split('\n')[0].Trim();
        return Read(line) is not { } version || !result.Exit.IsSuccess ? throw new MachineException($"'{program} --version' does not work: {result.FirstLine}")
            : version < Oldest ? throw new MachineException($"QEMU {version} is too old: {Oldest} or newer is needed.")
            : line;
    }

    /// <summary>The program as the system would find it, behind its links.</summary>
    private static FileInfo? FileOf(string program)
    {
        var path = program.Contains('/', StringComparison.Ordinal)
            ? program
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        return path is null || !File.Exists(path) ? null : (FileInfo?)File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);
    }

    internal static Version? Read(string line) =>
        Pattern().Match(line) is { Success: true } match && Version.TryParse(match.Groups["version"].Value, out var version) ? version : null;

    [GeneratedRegex(@"version (?<version>\d+\.\d+(\.\d+)?)", RegexOptions.ExplicitCapture, 100)]
    private static partial Regex Pattern();
}
