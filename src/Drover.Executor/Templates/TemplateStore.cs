using System.Text.Json;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Templates;

/// <summary>The templates of this computer, shared by its executors: <c>CACHE/templates/KEY/</c>.</summary>
/// <remarks>
/// Life of a template: <c>KEY.draft/</c> (its maker writes) → renamed to <c>KEY/</c> (complete, synced, never changed) → renamed to
/// <c>KEY.doomed…/</c> and deleted: when it is broken, or unused while the store is full, the one that was not used for longest first.
/// Locks, which the kernel frees with their holder: <c>KEY.make</c> exclusive by who makes it, <c>KEY.lock</c> shared by who uses it and exclusive by who removes
/// it for room. A broken one is removed even while others use it: they hold its files open, and nobody new finds it.
/// A copy can never write a template: it has descriptors for reading, and sealed memory (<see cref="TemplateMemory"/>).
/// </remarks>
internal sealed class TemplateStore(string cacheDirectory, TimeProvider time, long capacityBytes, Action<string>? reached)
{
    private const string Draft = ".draft";
    private const string Doomed = ".doomed";
    private readonly string folder = Path.Combine(cacheDirectory, "templates");

    /// <summary>Why nothing of this store may be used or put there: a template is a running machine, and its digests lie beside it, so that whoever may write
    /// the folder decides what every copy is.</summary>
    internal string? WhyNot()
    {
        foreach (var path in new[] { cacheDirectory, folder }.Where(Directory.Exists))
        {
            if (FileOwner.Of(path) is var (owner, _) && owner != 0 && owner != LibC.EffectiveUser())
            {
                return $"The templates in '{folder}' are not used: '{path}' belongs to another user.";
            }

            if (File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherWrite))
            {
                return $"The templates in '{folder}' are not used: everybody may write to '{path}'.";
            }
        }

        return null;
    }

    /// <summary>What there is under the key, and the right to use it. A template that lost or changed a file is thrown away here.</summary>
    internal (TemplateFinding Finding, TemplateLease? Lease) Take(string key)
    {
        if (WhyNot() is { } refused)
        {
            return (new TemplateFinding.Refused(refused), null);
        }

        Directory.CreateDirectory(folder);
        var use = FileLock.Open(PathOf(key, ".lock"));
        try
        {
            // Exclusive only for the moment in which somebody renames it away for room: gone then.
            if (!use.TryTake(exclusive: false) || !Directory.Exists(PathOf(key)))
            {
                use.Dispose();
                return (IsBeingMade(key) ? new TemplateFinding.BeingMade() : new TemplateFinding.Absent(), null);
            }

            var manifest = Read(key);
            if (Fault(key, manifest) is { } fault)
            {
                use.Dispose();
                Discard(key);
                return (new TemplateFinding.Broken(fault), null);
            }

            // Its age decides which one goes first when the store is full.
            Directory.SetLastWriteTimeUtc(PathOf(key), time.GetUtcNow().UtcDateTime);
            return (new TemplateFinding.Ready(manifest!.DiskBytes), new TemplateLease(key, PathOf(key), manifest, use, new TemplateMemory(folder, key)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            use.Dispose();
            throw new MachineException($"The templates in '{folder}' cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The right to make the template, with an empty folder for its files. Null while somebody else makes it.</summary>
    internal TemplateDraft? TryBegin(TemplateFacts facts)
    {
        Directory.CreateDirectory(folder);
        var make = FileLock.Open(PathOf(facts.Key, ".make"));
        if (!make.TryTake(exclusive: true))
        {
            make.Dispose();
            return null;
        }

        SweepDrafts();
        Delete(PathOf(facts.Key, Draft));
        Directory.CreateDirectory(PathOf(facts.Key, Draft));
        return new TemplateDraft(this, facts, PathOf(facts.Key, Draft), make);
    }

    /// <summary>Takes the template out of sight at once, then deletes it.</summary>
    internal void Discard(string key)
    {
        var doomed = PathOf(key, Doomed + Guid.NewGuid().ToString("N"));
        try
        {
            Directory.Move(PathOf(key), doomed);
        }
        catch (DirectoryNotFoundException)
        {
            // Another executor was faster.
            return;
        }

        reached?.Invoke("template.discard:after");
        Delete(doomed);
    }

    /// <summary>Gives a finished draft its name. A template that appeared meanwhile stays.</summary>
    internal void Publish(string key, TemplateManifest manifest)
    {
        var draft = PathOf(key, Draft);
        MakeRoom(Math.Max(0, capacityBytes - SizeOf(draft)));
        File.WriteAllBytes(Path.Combine(draft, TemplateManifest.FileName), JsonSerializer.SerializeToUtf8Bytes(manifest, TemplateJson.Default.TemplateManifest));
        foreach (var path in Directory.EnumerateFiles(draft))
        {
            FileSync.File(path);
        }

        Directory.SetLastWriteTimeUtc(draft, time.GetUtcNow().UtcDateTime);
        FileSync.Folder(draft);
        reached?.Invoke("template.publish:before");
        if (!Directory.Exists(PathOf(key)))
        {
            Directory.Move(draft, PathOf(key));
        }

        FileSync.Folder(folder);
        reached?.Invoke("template.publish:after");
    }

    /// <summary>Removes what makers and removers that were killed left half done, and what is above the store's size.</summary>
    internal void Sweep()
    {
        if (Directory.Exists(folder))
        {
            SweepDrafts();
            MakeRoom(capacityBytes);
        }
    }

    /// <summary>Removes unused templates, least recently used first, until at most <paramref name="bytes"/> are left, and what the killed left behind.</summary>
    internal void MakeRoom(long bytes)
    {
        foreach (var left in Directory.EnumerateDirectories(folder, "*" + Doomed + "*"))
        {
            Delete(left);
        }

        var templates = Directory.EnumerateDirectories(folder).Where(path => !Path.GetFileName(path).Contains('.', StringComparison.Ordinal))
            .Select(path => (Path: path, Used: Directory.GetLastWriteTimeUtc(path), Size: SizeOf(path))).OrderBy(template => template.Used).ToArray();
        var total = templates.Sum(template => template.Size);
        foreach (var template in templates.TakeWhile(_ => total > bytes))
        {
            var key = Path.GetFileName(template.Path);
            using var use = FileLock.Open(PathOf(key, ".lock"));
            if (use.TryTake(exclusive: true))
            {
                Discard(key);
                total -= template.Size;
            }
        }
    }

    private string PathOf(string key, string suffix = "") => Path.Combine(folder, key + suffix);

    private bool IsBeingMade(string key)
    {
        using var make = FileLock.Open(PathOf(key, ".make"));
        return !make.TryTake(exclusive: true);
    }

    private TemplateManifest? Read(string key)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(PathOf(key), TemplateManifest.FileName)), TemplateJson.Default.TemplateManifest);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Sizes and times now; contents are compared when they are read (<see cref="TemplateLease.VerifyAsync"/>).</summary>
    private string? Fault(string key, TemplateManifest? manifest)
    {
        if (manifest?.Facts is null || manifest.Files is null || manifest.Facts.Key != key)
        {
            return $"its {TemplateManifest.FileName} is damaged.";
        }

        foreach (var file in manifest.Files)
        {
            var found = new FileInfo(Path.Combine(PathOf(key), file.Name));
            if (!found.Exists || found.Length != file.Size || found.LastWriteTimeUtc != file.ModifiedAt)
            {
                return $"its file '{file.Name}' is {(found.Exists ? "not the one that was published" : "missing")}.";
            }
        }

        return null;
    }

    private void SweepDrafts()
    {
        foreach (var draft in Directory.EnumerateDirectories(folder, "*" + Draft))
        {
            using var make = FileLock.Open(Path.ChangeExtension(draft, ".make"));
            if (make.TryTake(exclusive: true))
            {
                Delete(draft);
            }
        }
    }

    private static long SizeOf(string path)
    {
        try
        {
            return Directory.EnumerateFiles(path).Sum(FileSync.AllocatedBytes);
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone, or another executor removes the same.
        }
    }
}
