using System.Globalization;
using Drover.Api;
using Drover.Executor.Disks;
using Drover.Executor.Networking;
using Drover.Executor.Processes;

namespace Drover.Executor.Ledger;

/// <summary>One thing that Drover's machines have on this computer.</summary>
/// <param name="Kind"><c>process</c>, <c>disk</c>, <c>socket</c>, <c>image</c> and the like.</param>
/// <param name="Name">A file's name, a process with its number, an address.</param>
/// <param name="Owner">The machine and task that it belongs to; null for what all share.</param>
/// <param name="State">A name of <see cref="LedgerState"/>.</param>
internal sealed record LedgerEntry(string Kind, string Name, string? Owner, string State, string? Detail)
{
    /// <summary>The owner's id on the server; null for what all share, and empty for a template or spare.</summary>
    public string? MachineId { get; init; }

    /// <summary>Where it is, for what is a file or folder.</summary>
    public string? Path { get; init; }
}

internal static class LedgerState
{
    /// <summary>Its owner lives.</summary>
    internal const string Used = "used";

    /// <summary>Shared, and nobody uses it now: kept on purpose.</summary>
    internal const string Kept = "kept";

    /// <summary>Its owner is dead: a repair removes it.</summary>
    internal const string LeftBehind = "left behind";

    /// <summary>It runs for this folder, and no record names it.</summary>
    internal const string Unrecorded = "unrecorded";
}

/// <summary>Everything that executors have made on this computer, with its owner.</summary>
internal static class Inventory
{
    internal static IReadOnlyList<LedgerEntry> Of(string stateDirectory, string cacheDirectory)
    {
        var records = new MachineLedger(stateDirectory).Read();
        var entries = records.SelectMany(found => OfMachine(found.Record, found.Owned)).Concat(Images(cacheDirectory)).Concat(Templates(cacheDirectory)).Concat(Kept(stateDirectory, records)).Concat(NetworkInventory.Of(stateDirectory)).ToList();
        entries.AddRange(Unrecorded(stateDirectory, records.Select(found => found.Record.ExecutorPid).ToHashSet()));
        return entries;
    }

    /// <summary>A spare that was claimed has another name by now: its machine's own record knows.</summary>
    private static IEnumerable<LedgerEntry> OfMachine(LedgerRecord record, bool owned)
    {
        var last = MachineProcess.Last(record);
        var name = last?.Name ?? record.Name;
        var owner = name.Length > 0 ? $"{name} ({record.TaskId})" : record.TaskId;
        return OfRecord(record, owner, owned ? LedgerState.Used : LedgerState.LeftBehind).Select(entry => entry with { MachineId = last?.MachineId ?? record.MachineId });
    }

    private static IEnumerable<LedgerEntry> OfRecord(LedgerRecord record, string owner, string state)
    {
        var anything = false;
        if (record.ExecutorStartTime is { } start && ProcessIdentity.StartTimeOf(record.ExecutorPid) == start)
        {
            anything = true;
            yield return new LedgerEntry("process", Process("drover-executor", record.ExecutorPid), owner, state, null);
        }

        if (MachineProcess.Of(record) is { } process)
        {
            anything = true;
            yield return new LedgerEntry("process", Process(Path.GetFileName(process.Program), process.Pid), owner, state, process.User);
        }

        foreach (var path in SandboxFiles.Of(record.Sandbox))
        {
            anything = true;
            var isSocket = path.EndsWith(".sock", StringComparison.Ordinal);
            var size = !isSocket && File.Exists(path) ? new ByteSize(new FileInfo(path).Length).ToDisplayString() : null;
            yield return new LedgerEntry(isSocket ? "socket" : "disk", Path.GetFileName(path), owner, state, size) { Path = path };
        }

        if (!anything)
        {
            yield return new LedgerEntry("record", record.TaskId, owner, state, "nothing is left of it but its record");
        }
    }

    private static IEnumerable<LedgerEntry> Images(string cacheDirectory)
    {
        var folder = Path.Combine(cacheDirectory, "images");
        foreach (var path in Directory.Exists(folder) ? Directory.GetDirectories(folder).Order(StringComparer.Ordinal).ToArray() : [])
        {
            using var use = FileLock.Open(Path.Combine(folder, Path.GetFileName(path).Split('.')[0] + ".lock"));
            var free = use.TryTake(exclusive: true);
            var size = new ByteSize(Directory.EnumerateFiles(path).Sum(file => new FileInfo(file).Length));
            yield return new LedgerEntry("image", Path.GetFileName(path), null, free ? LedgerState.Kept : LedgerState.Used, size.ToDisplayString()) { Path = path };
        }
    }

    /// <summary>Disks between two tasks of their machine. What a task that has died was doing with them, the next sweep ends.</summary>
    private static IEnumerable<LedgerEntry> Kept(string stateDirectory, IReadOnlyList<(LedgerRecord Record, bool Owned)> records)
    {
        foreach (var (folder, record) in new KeptDisks(stateDirectory, TimeProvider.System, null).List())
        {
            var alive = record is not null && records.Any(found => found.Owned && found.Record.TaskId == record.TaskId);
            var state = record is null ? LedgerState.LeftBehind
                : record.State == KeptState.Kept ? LedgerState.Kept
                : alive ? LedgerState.Used
                : record.State == KeptState.Taken ? LedgerState.Kept : LedgerState.LeftBehind;
            var size = new ByteSize(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(FileSync.AllocatedBytes)).ToDisplayString();
            yield return new LedgerEntry("kept disk", Path.GetFileName(folder), record is null ? null : $"{record.Name} ({record.TaskId})", state, size) { Path = folder, MachineId = record?.MachineId };
        }
    }

    private static IEnumerable<LedgerEntry> Templates(string cacheDirectory)
    {
        var folder = Path.Combine(cacheDirectory, "templates");
        foreach (var path in Directory.Exists(folder) ? Directory.GetDirectories(folder).Where(IsTemplate).Order(StringComparer.Ordinal).ToArray() : [])
        {
            // A draft is its maker's, a template is its users': each holds a lock of its own. What was being deleted is nobody's.
            var whole = Path.GetExtension(path) == "";
            using var use = FileLock.Open(Path.ChangeExtension(path, whole ? ".lock" : ".make"));
            var free = use.TryTake(exclusive: true);
            var size = new ByteSize(Directory.EnumerateFiles(path).Sum(FileSync.AllocatedBytes)).ToDisplayString();
            yield return new LedgerEntry("template", Path.GetFileName(path), null, !free ? LedgerState.Used : whole ? LedgerState.Kept : LedgerState.LeftBehind, size) { Path = path };
        }
    }

    private static bool IsTemplate(string path) => Path.GetExtension(path) is var end && (end is "" or ".draft" || end.StartsWith(".doomed", StringComparison.Ordinal));

    /// <summary>Executors of this folder that have not written anything down: they have only just started, or something is wrong.</summary>
    private static IEnumerable<LedgerEntry> Unrecorded(string stateDirectory, HashSet<int> recorded)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid != Environment.ProcessId && !recorded.Contains(pid)
                && Arguments(folder) is [var program, ..] arguments && Path.GetFileName(program) == "drover-executor"
                && Array.IndexOf(arguments, "--state") is >= 0 and var at && at + 1 < arguments.Length && arguments[at + 1] == stateDirectory)
            {
                yield return new LedgerEntry("process", Process("drover-executor", pid), null, LedgerState.Unrecorded, null);
            }
        }
    }

    private static string[] Arguments(string processFolder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(processFolder, "cmdline")).TrimEnd('\0').Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Process(string program, int pid) => string.Create(CultureInfo.InvariantCulture, $"{program} {pid}");
}
