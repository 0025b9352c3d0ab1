using System.Globalization;

namespace Drover.Cli.Local;

/// <summary>One living process.</summary>
/// <param name="StartTime">Clock ticks since boot, field 22 of <c>/proc/PID/stat</c> (proc(5)).</param>
/// <param name="Folder">Its working directory; null when it may not be read.</param>
internal sealed record RunningProcess(int Pid, long StartTime, IReadOnlyList<string> Arguments, string? Folder)
{
    /// <summary>File name of the program: <c>droverd</c>.</summary>
    public string Program => Arguments.Count > 0 ? Path.GetFileName(Arguments[0]) : "";
}

/// <summary>The processes of this machine, read from <c>/proc</c>.</summary>
internal sealed class ProcessTable(string procFolder)
{
    public bool IsAlive(int pid, long startTime) => StartTimeOf(pid) == startTime;

    /// <summary>Null for a process that is gone, or dead and only not yet collected by its parent.</summary>
    public long? StartTimeOf(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText(Path.Combine(procFolder, pid.ToString(CultureInfo.InvariantCulture), "stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && fields[0] is not ("Z" or "X") && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
    }

    public RunningProcess? Find(int pid)
    {
        if (StartTimeOf(pid) is not { } startTime)
        {
            return null;
        }

        var folder = Path.Combine(procFolder, pid.ToString(CultureInfo.InvariantCulture));
        try
        {
            var arguments = File.ReadAllText(Path.Combine(folder, "cmdline")).TrimEnd('\0').Split('\0');
            return new RunningProcess(pid, startTime, arguments, FolderOf(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Every process whose command line may be read.</summary>
    public IReadOnlyList<RunningProcess> All() =>
    [
        .. Directory.EnumerateDirectories(procFolder)
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Find(pid) : null)
            .OfType<RunningProcess>(),
    ];

    /// <summary>The processes of one instance: our programs, and QEMU, that carry its data folder on the command line or, for a machine's, work in a sandbox below it.</summary>
    public IReadOnlyList<RunningProcess> OfInstance(DataFolder data) => [.. All().Where(p => IsOurs(p.Program) && BelongsTo(p, data.Path))];

    /// <summary>The droverd that serves this folder; one that has only other roles of it does not count.</summary>
    public RunningProcess? DaemonOf(DataFolder data) => OfInstance(data).FirstOrDefault(p => p.Program == "droverd" && HasServerRole(p));

    internal static bool IsOurs(string program) =>
        program is "droverd" or "drover-executor" or "drover-agent" || program.StartsWith("qemu-system-", StringComparison.Ordinal);

    /// <summary>Its cache says nothing: that may be another instance's folder.</summary>
    internal static bool BelongsTo(RunningProcess process, string folder) =>
        process.Arguments.Where((a, at) => at == 0 || process.Arguments[at - 1] != "--cache").Any(a => Mentions(a, folder))
        || (process.Program != "droverd" && process.Folder is { } cwd && cwd.StartsWith(folder + "/", StringComparison.Ordinal));

    private static bool HasServerRole(RunningProcess daemon) =>
        daemon.Arguments.SkipWhile(a => a != "--roles").Skip(1).FirstOrDefault() is not { } roles || roles.Split(',').Contains("server");

    /// <summary>The folder as a whole path inside an argument such as <c>file=/data/x.qcow2,if=none</c>; not <c>/data2</c>.</summary>
    private static bool Mentions(string argument, string folder)
    {
        for (var at = argument.IndexOf(folder, StringComparison.Ordinal); at >= 0; at = argument.IndexOf(folder, at + 1, StringComparison.Ordinal))
        {
            var end = at + folder.Length;
            if ((at == 0 || argument[at - 1] is '=' or ',' or ':') && (end == argument.Length || argument[end] is '/' or ',' or ':'))
            {
                return true;
            }
        }

        return false;
    }

    private static string? FolderOf(string processFolder)
    {
        try
        {
            return new DirectoryInfo(Path.Combine(processFolder, "cwd")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
