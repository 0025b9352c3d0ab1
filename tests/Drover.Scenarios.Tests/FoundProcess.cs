using System.Runtime.InteropServices;

namespace Drover.Scenarios.Tests;

/// <summary>A living process of this machine, found by its command line.</summary>
internal sealed partial record FoundProcess(int Id, string Name, string CommandLine)
{
    private const int SigKill = 9;

    public static IReadOnlyList<FoundProcess> WithCommandLine(string part)
    {
        var found = new List<FoundProcess>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var id) && id != Environment.ProcessId && Read(id) is { } process
                && process.CommandLine.Contains(part, StringComparison.Ordinal))
            {
                found.Add(process);
            }
        }

        return found;
    }

    public bool IsAlive => Read(Id) is not null;

    /// <summary>SIGKILL.</summary>
    public void Kill() => _ = SendSignal(Id, SigKill);

    private static FoundProcess? Read(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var state = stat[stat.LastIndexOf(')') + 2];
            var line = File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ').Trim();
            var name = File.ReadAllText($"/proc/{id}/comm").Trim();
            return state is 'Z' or 'X' ? null : new FoundProcess(id, name, line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
