using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Drover.Scheduler.Artifacts;

/// <summary>SHA-256 of files, computed once for each (path, size, time of change).</summary>
internal sealed class FileDigests
{
    private readonly ConcurrentDictionary<(string Path, long Size, long Ticks), Lazy<Task<string>>> _digests = [];

    /// <exception cref="ArtifactException">There is no such file, or it cannot be read.</exception>
    public async Task<string> OfAsync(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new ArtifactException($"{path} is missing.");
        }

        var key = (file.FullName, file.Length, file.LastWriteTimeUtc.Ticks);
        var digest = _digests.GetOrAdd(key, k => new Lazy<Task<string>>(() => HashAsync(k.Path)));
        try
        {
            return await digest.Value;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _digests.TryRemove(key, out _);
            throw new ArtifactException($"{path} cannot be read: {e.Message}");
        }
    }

    private static async Task<string> HashAsync(string path)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);

        // Shared by all who wait for it, so no single caller's cancellation may end it.
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, CancellationToken.None));
    }
}
