using System.Globalization;

namespace Drover.Executor.Usage;

/// <summary>A process's memory in bytes: what it maps, and what of it is its own when shared pages are divided among those who share them.</summary>
internal sealed record ProcessMemory(long Resident, long Proportional);

/// <summary>Reads what the kernel knows of a process (proc(5)).</summary>
internal static class ProcessUsage
{
    /// <summary>Clock ticks per second, the same on every Linux that .NET runs on.</summary>
    private const double Ticks = 100;

    /// <summary>User and system time since its start: fields 14 and 15 of <c>stat</c>.</summary>
    internal static TimeSpan CpuOf(int pid) => Cpu(File.ReadAllText($"/proc/{pid}/stat"));

    internal static TimeSpan Cpu(string stat)
    {
        // The name in field 2 may hold blanks and brackets: count from its end.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / Ticks);
    }

    internal static ProcessMemory MemoryOf(int pid) => Memory(File.ReadAllLines($"/proc/{pid}/smaps_rollup"));

    internal static ProcessMemory Memory(IEnumerable<string> rollup)
    {
        var values = rollup.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words is [_, _, "kB"]).ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture) * 1024);
        return new ProcessMemory(values.GetValueOrDefault("Rss:"), values.GetValueOrDefault("Pss:"));
    }
}
