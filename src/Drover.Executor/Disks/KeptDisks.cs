using System.Text.Json;
using Drover.Executor.Ledger;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Disks;

/// <summary>Disks of machines that have no task just now, or are about to get their next: <c>STATE/disks/EXTERNALID/</c>.</summary>
/// <remarks>
/// A machine's disks lie in its task's sandbox. When the machine is to go on in another task (another size), or as another machine (a copy), they get a second name here,
/// with what lies beneath them.
/// <code>
/// (intent) keeping → kept → taken → (the new task's own: nothing is left here)
///          copying → kept          taken → taken   (the task that took them died)
/// </code>
/// Each step is under the machine's lock (flock(2)) and can be repeated. A task that dies while it keeps its disks is followed by a sweep that ends the work
/// (<see cref="RescueAsync"/>), so they are lost at no moment. Nobody removes the disks of a record that stands, but the machine's own tasks: the one that says that they are its own
/// now, and the one of kind discard. A folder without a record is half made or half removed.
/// </remarks>
internal sealed class KeptDisks(string stateDirectory, TimeProvider time, Action<string>? reached)
{
    private readonly string folder = Path.Combine(stateDirectory, "disks");

    internal static KeptDisks Of(MachineContext context) => new(context.StateDirectory, context.Time, context.Options.Reached);

    /// <summary>Writes that disks are to be kept, or copied: the record, and beside it what lies beneath them. What was here for the machine before is replaced.</summary>
    internal async Task BeginAsync(KeptRecord record, DiskOrigin origin, CancellationToken cancellationToken)
    {
        using var turn = await LockAsync(record.ExternalId, cancellationToken);
        var place = PathOf(record.ExternalId);
        Delete(place);
        reached?.Invoke("kept.intent:before");
        Directory.CreateDirectory(place, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        origin.LinkInto(place);
        Write(record);
        reached?.Invoke("kept.intent:after");
    }

    /// <summary>Gives the disks of a sandbox, whose machine is gone, their second name here.</summary>
    internal async Task CompleteAsync(string externalId, string taskId, string sandbox, CancellationToken cancellationToken)
    {
        using var turn = await LockAsync(externalId, cancellationToken);
        if (Read(externalId) is { State: KeptState.Keeping } record && record.TaskId == taskId)
        {
            Complete(record, sandbox);
        }
    }

    /// <summary>Takes in the finished copies: files of the sandbox by the names that they are to have.</summary>
    internal async Task CompleteCopyAsync(string externalId, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        using var turn = await LockAsync(externalId, cancellationToken);
        var record = Read(externalId) ?? throw new MachineException("What was to be copied is gone.");
        reached?.Invoke("kept.copied:before");
        foreach (var (name, path) in files)
        {
            FileLinks.Make(path, Path.Combine(PathOf(externalId), name));
        }

        Write(record with { State = KeptState.Kept, Since = time.GetUtcNow() });
        reached?.Invoke("kept.copied:after");
    }

    /// <summary>Takes an intent of this task back.</summary>
    internal async Task ForgetAsync(string externalId, string taskId)
    {
        using var turn = await LockAsync(externalId, CancellationToken.None);
        if (Read(externalId) is { State: KeptState.Keeping or KeptState.Copying } record && record.TaskId == taskId)
        {
            Delete(PathOf(externalId));
        }
    }

    /// <summary>Gives the machine's next task its disks; they stay here too, until <see cref="SettleAsync"/>. Waits while they are still being kept.</summary>
    /// <exception cref="DisksMissingException">There are none for the machine.</exception>
    internal async Task<KeptRecord> TakeAsync(string externalId, string taskId, string sandbox, ExecutorOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Whoever kept them may have died, or be at it.
            await LedgerSweep.RunAsync(stateDirectory, options, cancellationToken);
            using (await LockAsync(externalId, cancellationToken))
            {
                var record = Read(externalId) ?? throw new DisksMissingException();
                if (record.State == KeptState.Kept || (record.State == KeptState.Taken && (record.TaskId == taskId || !IsAlive(record.TaskId))))
                {
                    reached?.Invoke("kept.taken:before");
                    Write(record with { State = KeptState.Taken, TaskId = taskId, Since = time.GetUtcNow() });
                    foreach (var path in Entries(externalId))
                    {
                        FileLinks.Make(path, Path.Combine(sandbox, Path.GetFileName(path)));
                    }

                    reached?.Invoke("kept.taken:after");
                    return record;
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }

    /// <summary>The disks are the task's own from now on. The scheduler says when: it has heard by then that the machine runs.</summary>
    internal async Task SettleAsync(string externalId, string taskId)
    {
        using var turn = await LockAsync(externalId, CancellationToken.None);
        if (Read(externalId) is { State: KeptState.Taken } record && record.TaskId == taskId)
        {
            reached?.Invoke("kept.settled:before");
            Delete(PathOf(externalId));
            reached?.Invoke("kept.settled:after");
        }
    }

    /// <summary>The machine is not wanted any more.</summary>
    internal async Task DiscardAsync(string externalId, CancellationToken cancellationToken)
    {
        using var turn = await LockAsync(externalId, cancellationToken);
        reached?.Invoke("kept.discarded:before");
        Delete(PathOf(externalId));
        reached?.Invoke("kept.discarded:after");
    }

    /// <summary>Ends what a dead task was doing here: what it was to keep is kept, a copy that it was making is none.</summary>
    internal async Task RescueAsync(string taskId, string sandbox, CancellationToken cancellationToken)
    {
        foreach (var found in All().Where(found => found?.TaskId == taskId && found.State is KeptState.Keeping or KeptState.Copying).OfType<KeptRecord>())
        {
            using var turn = await LockAsync(found.ExternalId, cancellationToken);
            if (Read(found.ExternalId) is not { } record || record.TaskId != taskId)
            {
                continue;
            }

            if (record.State == KeptState.Keeping)
            {
                Complete(record, sandbox);
            }
            else if (record.State == KeptState.Copying)
            {
                Delete(PathOf(record.ExternalId));
            }
        }
    }

    /// <summary>Removes folders without a record that nobody works on.</summary>
    internal void RemoveHalves()
    {
        foreach (var externalId in Ids())
        {
            var turn = FileLock.Open(LockOf(externalId));
            if (!turn.TryTake(exclusive: true))
            {
                turn.Dispose();
                continue;
            }

            using (new KeptTurn(turn, PathOf(externalId), LockOf(externalId)))
            {
                if (turn.IsLinked && Read(externalId) is null)
                {
                    Delete(PathOf(externalId));
                }
            }
        }
    }

    /// <summary>What is here, by folder; null for a folder without a record.</summary>
    internal IReadOnlyList<(string Folder, KeptRecord? Record)> List() => [.. Ids().Select(id => (PathOf(id), Read(id)))];

    private IEnumerable<KeptRecord?> All() => Ids().Select(Read);

    private void Complete(KeptRecord record, string sandbox)
    {
        reached?.Invoke("kept.files:before");
        foreach (var path in SandboxFiles.Lasting(sandbox))
        {
            FileLinks.Make(path, Path.Combine(PathOf(record.ExternalId), Path.GetFileName(path)));
        }

        Write(record with { State = KeptState.Kept, Since = time.GetUtcNow() });
        reached?.Invoke("kept.files:after");
    }

    private bool IsAlive(string taskId) => new MachineLedger(stateDirectory).Read().Any(found => found.Owned && found.Record.TaskId == taskId);

    private IEnumerable<string> Entries(string externalId) =>
        Directory.EnumerateFileSystemEntries(PathOf(externalId)).Where(path => !Path.GetFileName(path).StartsWith(KeptRecord.FileName, StringComparison.Ordinal));

    private KeptRecord? Read(string externalId)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(PathOf(externalId), KeptRecord.FileName)), KeptJson.Default.KeptRecord);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private void Write(KeptRecord record)
    {
        var place = PathOf(record.ExternalId);
        var path = Path.Combine(place, KeptRecord.FileName);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(record, KeptJson.Default.KeptRecord));
        FileSync.File(path + ".new");
        File.Move(path + ".new", path, overwrite: true);
        FileSync.Folder(place);
    }

    /// <summary>The record first: what is left without it is nothing.</summary>
    private static void Delete(string place)
    {
        if (Directory.Exists(place))
        {
            File.Delete(Path.Combine(place, KeptRecord.FileName));
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>Lock files go with what they lock, so one that was removed meanwhile is taken anew.</summary>
    private async Task<KeptTurn> LockAsync(string externalId, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        while (true)
        {
            var turn = FileLock.Open(LockOf(externalId));
            try
            {
                await turn.TakeAsync(exclusive: true, time, null, cancellationToken);
                if (turn.IsLinked)
                {
                    return new KeptTurn(turn, PathOf(externalId), LockOf(externalId));
                }
            }
            catch
            {
                turn.Dispose();
                throw;
            }

            turn.Dispose();
        }
    }

    private List<string> Ids() => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).ToList()
        : [];

    private string PathOf(string externalId) => Path.Combine(folder, externalId);

    private string LockOf(string externalId) => Path.Combine(folder, externalId + ".lock");
}

/// <summary>The right to a machine's kept disks; its file goes with them.</summary>
internal sealed class KeptTurn(FileLock turn, string place, string lockFile) : IDisposable
{
    public void Dispose()
    {
        if (turn.IsLinked && !Directory.Exists(place))
        {
            File.Delete(lockFile);
        }

        turn.Dispose();
    }
}

/// <summary>The computer has no disks for a machine that should have some here.</summary>
internal sealed class DisksMissingException() : MachineException("The machine's disks are not on this computer.");
