using System.Security.Cryptography;
using Drover.Executor.Processes;

namespace Drover.Executor.Templates;

/// <summary>A template in the making: a folder that nobody else writes, until it is published or disposed.</summary>
internal sealed class TemplateDraft(TemplateStore store, TemplateFacts facts, string folder, FileLock make) : IDisposable
{
    internal TemplateFacts Facts => facts;

    internal string PathOf(string file) => Path.Combine(folder, file);

    /// <summary>Makes it a template: complete and on the disk, or not there at all.</summary>
    /// <param name="digests">SHA-256 of the files whose content is known already; of the others it is computed.</param>
    internal async Task PublishAsync(long diskBytes, DateTimeOffset now, IReadOnlyDictionary<string, string> digests, CancellationToken cancellationToken)
    {
        var files = new List<TemplateFile>();
        foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).ToArray())
        {
            // Whatever our umask: an unprivileged QEMU reads it through our descriptor.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            var name = Path.GetFileName(path);
            files.Add(new TemplateFile(name, new FileInfo(path).Length, File.GetLastWriteTimeUtc(path), digests.GetValueOrDefault(name) ?? await DigestAsync(path, cancellationToken)));
        }

        store.Publish(facts.Key, new TemplateManifest { Facts = facts, DiskBytes = diskBytes, MadeAt = now, Files = files });
    }

    /// <summary>Removes what was not published.</summary>
    public void Dispose()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        make.Dispose();
    }

    internal static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
