using System.Globalization;

namespace Drover.Executor.Processes;

/// <summary>Which process a pid meant when it was written down.</summary>
internal static class ProcessIdentity
{
    /// <summary>Field 22 of <c>/proc/PID/stat</c> (proc(5)): start in clock ticks since boot. Null for no such process, and for a dead one that its
    /// parent has not collected yet.</summary>
    internal static long? StartTimeOf(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            // The name in field 2 may hold blanks and brackets: count from its end.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
