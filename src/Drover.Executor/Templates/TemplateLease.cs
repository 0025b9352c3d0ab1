using Drover.Executor.Processes;

namespace Drover.Executor.Templates;

/// <summary>A template in use. Disposing frees it for removal.</summary>
internal sealed class TemplateLease(string key, string folder, TemplateManifest manifest, FileLock use, TemplateMemory memory) : IDisposable
{
    internal const string MemoryFile = "ram";
    internal const string StateFile = "state";
    internal const string DiskFile = "disk.qcow2";

    /// <summary>An empty layer above the disk, for copies to begin with.</summary>
    internal const string EmptyDiskFile = "empty.qcow2";

    internal string Key => key;

    internal TemplateManifest Manifest => manifest;

    internal TemplateMemory Memory => memory;

    internal string PathOf(string file) => Path.Combine(folder, file);

    internal TemplateFile Entry(string file) => manifest.Files.First(entry => entry.Name == file);

    /// <summary>Compares the contents of the small files with what was published. The memory is compared when it is loaded.</summary>
    /// <exception cref="TemplateBrokenException">They differ.</exception>
    internal async Task VerifyAsync(CancellationToken cancellationToken)
    {
        foreach (var file in manifest.Files.Where(file => file.Name != MemoryFile))
        {
            if (!File.Exists(PathOf(file.Name)) || await TemplateDraft.DigestAsync(PathOf(file.Name), cancellationToken) != file.Sha256)
            {
                throw new TemplateBrokenException($"its file '{file.Name}' has changed.");
            }
        }
    }

    public void Dispose()
    {
        memory.Dispose();
        use.Dispose();
    }
}

/// <summary>The template is to blame: it is thrown away. The message continues "The template was thrown away: ".</summary>
internal sealed class TemplateBrokenException(string message, Exception? inner = null) : Exception(message, inner);
