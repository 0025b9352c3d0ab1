using System.Globalization;

namespace Drover.Agent.Health;

/// <summary>Reads figures out of the kernel's text files. Missing or odd lines give 0: a figure less, never an error.</summary>
internal static class ProcReader
{
    /// <summary>CPU time since the start in clock ticks, from the first line of <c>/proc/stat</c>: user nice system idle iowait irq softirq steal.</summary>
    public static (long Busy, long Total) Cpu(string stat)
    {
        var line = stat.AsSpan();
        var end = line.IndexOf('\n');
        var fields = (end < 0 ? line : line[..end]).ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 5 || fields[0] != "cpu")
        {
            return (0, 0);
        }

        var values = fields.Skip(1).Take(8).Select(Number).ToArray();
        var idle = values[3] + values.ElementAtOrDefault(4);
        return (values.Sum() - idle, values.Sum());
    }

    /// <summary>Bytes in total and in use (total less available) from <c>/proc/meminfo</c>.</summary>
    public static (long Total, long Used) Memory(string meminfo)
    {
        long total = 0, available = 0;
        foreach (var line in meminfo.Split('\n'))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is ["MemTotal:", var all, ..])
            {
                total = Number(all) * 1024;
            }
            else if (fields is ["MemAvailable:", var free, ..])
            {
                available = Number(free) * 1024;
            }
        }

        return (total, Math.Max(0, total - available));
    }

    /// <summary>The first figure of <c>/proc/loadavg</c>.</summary>
    public static double Load1(string loadavg) =>
        double.TryParse(loadavg.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var load) ? load : 0;

    /// <summary>Bytes received and sent by the cards that <paramref name="counts"/> accepts, from <c>/proc/net/dev</c>.</summary>
    public static (long Received, long Sent) Network(string dev, Func<string, bool> counts)
    {
        long received = 0, sent = 0;
        foreach (var line in dev.Split('\n'))
        {
            var colon = line.IndexOf(':');
            if (colon < 0 || !counts(line[..colon].Trim()))
            {
                continue;
            }

            var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 9)
            {
                received += Number(fields[0]);
                sent += Number(fields[8]);
            }
        }

        return (received, sent);
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
