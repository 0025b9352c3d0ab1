using System.Globalization;
using System.Text;

namespace Drover.LocalMesos;

/// <summary>Looks processes up in <c>/proc</c>.</summary>
internal static class ProcessTable
{
    private const int MaxRounds = 20;

    /// <summary>Identifies the machine's present boot.</summary>
    public static string BootId => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The process as it is now; null when there is none, or only its unreaped remains.</summary>
    public static ProcessIdentity? Identify(int pid) => Read(pid) is { IsZombie: false } entry ? new ProcessIdentity(pid, entry.StartTime) : null;

    /// <summary>Like <see cref="Identify"/>, also for a child that has ended but is not reaped.</summary>
    public static long StartTimeOfChild(int pid) => Read(pid)?.StartTime ?? 0;

    public static bool IsAlive(ProcessIdentity identity) => Identify(identity.Pid) == identity;

    /// <summary>The session leader whose environment names this sandbox.</summary>
    public static ProcessIdentity? FindBySandbox(string sandbox)
    {
        foreach (var entry in ReadAll())
        {
            if (entry.Pid == entry.Session && !entry.IsZombie && HasSandbox(entry.Pid, sandbox))
            {
                return new ProcessIdentity(entry.Pid, entry.StartTime);
            }
        }

        return null;
    }

    /// <summary>Kills an executor's session, whoever else has its environment, and all their descendants, until nothing of it is left.</summary>
    public static void KillTree(ProcessIdentity? identity, string sandbox)
    {
        // Killed while it forks, a parent may leave a child that the first look did not see.
        for (var round = 0; round < MaxRounds; round++)
        {
            var members = FindTree(identity, sandbox);
            if (members.Count == 0)
            {
                return;
            }

            foreach (var pid in members)
            {
                PosixProcess.Kill(pid);
            }
        }
    }

    private static HashSet<int> FindTree(ProcessIdentity? identity, string sandbox)
    {
        var all = ReadAll().Where(e => !e.IsZombie).ToList();
        var session = SessionOf(identity, all);
        var members = all.Where(e => e.Session == session || HasSandbox(e.Pid, sandbox)).Select(e => e.Pid).ToHashSet();
        int before;
        do
        {
            before = members.Count;
            members.UnionWith(all.Where(e => members.Contains(e.Parent)).Select(e => e.Pid));
        }
        while (members.Count > before);
        members.Remove(Environment.ProcessId);
        return members;
    }

    /// <summary>The executor's session number, unless the number is somebody else's by now: the kernel gives a pid away again only when no session has it.</summary>
    private static int? SessionOf(ProcessIdentity? identity, List<Entry> all)
    {
        if (identity is not { } known)
        {
            return null;
        }

        var leader = all.FirstOrDefault(e => e.Pid == known.Pid);
        return leader is null || leader.StartTime == known.StartTime ? known.Pid : null;
    }

    private static bool HasSandbox(int pid, string sandbox)
    {
        try
        {
            var environment = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/environ"));
            return $"\0{environment}".Contains($"\0MESOS_DIRECTORY={sandbox}\0", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<Entry> ReadAll()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Read(pid) is { } entry)
            {
                yield return entry;
            }
        }
    }

    private static Entry? Read(int pid)
    {
        try
        {
            // The name in parentheses may hold anything, even parentheses: the fields begin after the last one.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            int Field(int number) => int.Parse(fields[number - 3], CultureInfo.InvariantCulture);
            return new Entry(pid, Field(4), Field(6), long.Parse(fields[22 - 3], CultureInfo.InvariantCulture), fields[0] is "Z" or "X");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private sealed record Entry(int Pid, int Parent, int Session, long StartTime, bool IsZombie);
}
