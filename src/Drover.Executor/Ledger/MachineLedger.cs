using System.Text.Json;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Ledger;

/// <summary>The record of who owns what on this computer: <c>STATE/ledger/</c>, one <c>TASK.json</c> for each task that has made something.</summary>
/// <remarks>
/// It is written before anything is made and removed after everything is gone. Its owner holds <c>TASK.lock</c> (flock(2)), which the kernel
/// frees also after <c>kill -9</c>: a record that nobody holds is left behind, and whoever comes next clears up after it (<see cref="LedgerSweep"/>).
/// </remarks>
internal sealed class MachineLedger(string stateDirectory)
{
    private const string RecordEnd = ".json";
    private const string LockEnd = ".lock";

    private readonly string folder = Path.Combine(stateDirectory, "ledger");

    /// <summary>Writes the record and holds it.</summary>
    /// <exception cref="MachineException">It cannot be written: then nothing may be made.</exception>
    internal async Task<LedgerHold> WriteAsync(LedgerRecord record, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, record.TaskId);
        try
        {
            Directory.CreateDirectory(folder);
            var owner = await TakeAsync(path + LockEnd, time, cancellationToken);
            try
            {
                File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.LedgerRecord));
                File.Move(path + ".new", path + RecordEnd, overwrite: true);
            }
            catch
            {
                owner.Dispose();
                throw;
            }

            return new LedgerHold(path + RecordEnd, path + LockEnd, owner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MachineException($"The ledger in '{folder}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>A task's id is used once, so whoever is in the way is a sweep that met the lock before the record, and removes it.</summary>
    private static async Task<FileLock> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            var owner = FileLock.Open(path);
            try
            {
                await owner.TakeAsync(exclusive: true, time, null, cancellationToken);
                if (owner.IsLinked)
                {
                    return owner;
                }
            }
            catch
            {
                owner.Dispose();
                throw;
            }

            owner.Dispose();
        }
    }

    /// <summary>Every record with whether its owner lives, by task id.</summary>
    internal IReadOnlyList<(LedgerRecord Record, bool Owned)> Read()
    {
        var found = new List<(LedgerRecord, bool)>();
        foreach (var taskId in TaskIds())
        {
            using var owner = FileLock.Open(Path.Combine(folder, taskId + LockEnd));
            var abandoned = owner.TryTake(exclusive: true);
            if (RecordOf(taskId) is { } record)
            {
                found.Add((record, !abandoned));
            }
            else if (abandoned)
            {
                // Made anew by our opening it, or never followed by a record.
                File.Delete(Path.Combine(folder, taskId + LockEnd));
            }
        }

        return found;
    }

    /// <summary>Takes over the records whose owners are dead, one after the other. Disposing one without <see cref="LedgerHold.Settle"/> leaves it to the next.</summary>
    internal IEnumerable<(LedgerRecord Record, LedgerHold Hold)> TakeAbandoned()
    {
        foreach (var taskId in TaskIds())
        {
            var path = Path.Combine(folder, taskId);
            var owner = FileLock.Open(path + LockEnd);
            if (!owner.TryTake(exclusive: true))
            {
                owner.Dispose();
                continue;
            }

            var hold = new LedgerHold(path + RecordEnd, path + LockEnd, owner);
            if (RecordOf(taskId) is { } record)
            {
                yield return (record, hold);
            }
            else
            {
                // Its owner died before it had written anything, so nothing was made; or after everything was gone.
                hold.Settle();
            }
        }
    }

    private List<string> TaskIds() => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*" + LockEnd).Select(path => Path.GetFileName(path)[..^LockEnd.Length]).Order(StringComparer.Ordinal)]
        : [];

    private LedgerRecord? RecordOf(string taskId)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, taskId + RecordEnd)), LedgerJson.Default.LedgerRecord);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            // Written whole or not at all by a rename: only a broken disk gets here. Without a record nobody can clear up.
            return null;
        }
    }
}

/// <summary>A record that this process holds.</summary>
internal sealed class LedgerHold(string record, string lockFile, FileLock owner) : IDisposable
{
    /// <summary>Everything is gone: removes the record.</summary>
    internal void Settle()
    {
        File.Delete(record);
        File.Delete(record[..^".json".Length] + ".new");
        File.Delete(lockFile);
        owner.Dispose();
    }

    /// <summary>Gives it up as it is.</summary>
    public void Dispose() => owner.Dispose();
}
