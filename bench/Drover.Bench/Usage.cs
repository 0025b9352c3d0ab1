using System.Diagnostics;
using System.Globalization;

namespace Drover.Bench;

/// <summary>What machines take of this computer.</summary>
internal static class Usage
{
    /// <summary>Proportional set size in MB: pages that several processes share count in parts (proc(5), <c>smaps_rollup</c>).</summary>
    public static double ProportionalMegabytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Of all its threads, since it started.</summary>
    public static TimeSpan ProcessorTime(int pid)
    {
        using var process = Process.GetProcessById(pid);
        return process.TotalProcessorTime;
    }

    /// <summary>Allocated bytes in MB of each machine's disk below the folder.</summary>
    public static IEnumerable<double> DiskMegabytes(string folder) =>
        Directory.EnumerateFiles(Path.Combine(folder, "mesos"), "disk.qcow2", SearchOption.AllDirectories).Select(path => new FileInfo(path).Length / 1048576.0);
}
