using System.ComponentModel;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Networking;

/// <summary>Runs one of the system's network programs.</summary>
internal static class NetworkTool
{
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal) { ["ip"] = "iproute2", ["nft"] = "nftables", ["dnsmasq"] = "dnsmasq-base", ["tc"] = "iproute2" };

    /// <summary>The programs that a nat needs, in the words of Debian's packages.</summary>
    internal static IReadOnlyCollection<string> All => Packages.Keys;

    internal static string PackageOf(string program) => Packages[program];

    /// <summary>Where a program lies; null when it is not installed. The programs of root are looked for as well.</summary>
    internal static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin:/usr/local/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Runs it and returns what it said.</summary>
    /// <exception cref="MachineException">It is missing, or it refused; the message says what was tried.</exception>
    internal static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var result = await TryAsync(program, arguments, cancellationToken);
        return result.Exit.IsSuccess ? result.Output : throw new MachineException($"'{program} {string.Join(' ', arguments)}' failed: {result.FirstLine}");
    }

    /// <summary>The same, where a failure is an answer.</summary>
    internal static async Task<ToolResult> TryAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await ToolRun.RunAsync(new ProcessSpec { Program = Find(program) ?? program, Arguments = arguments }, cancellationToken);
        }
        catch (Win32Exception e)
        {
            throw new MachineException($"The network needs the program '{program}': {e.Message}. Install it (Debian: {PackageOf(program)}).", e);
        }
    }
}
