using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Images;

/// <summary>The images of this computer, shared by its executors: <c>CACHE/images/DIGEST/</c>.</summary>
/// <remarks>
/// Life of an image: <c>DIGEST.partial/</c> (files arrive and are verified) → renamed to <c>DIGEST/</c> (complete, never changed) → removed when
/// unused and the cache is full. Who uses it holds <c>DIGEST.lock</c> shared, who makes or removes it holds it exclusively; the kernel
/// frees the lock of a dead process, and what that process left half made is continued by the next. Content is verified when it arrives, and at use as
/// <see cref="ImageProof"/> says; what has changed is fetched anew.
/// </remarks>
internal sealed class ImageCache(string cacheDirectory, ImageDownload download, TimeProvider time, long capacityBytes, Action<string>? reached = null)
{
    /// <summary>Looks at an image that has changed, until the machines that use it are to blame and not another executor that looks.</summary>
    private const int Looks = 100;

    private readonly string folder = Path.Combine(cacheDirectory, "images");

    /// <summary>Makes the image present and keeps it from being removed until the lease is disposed.</summary>
    /// <exception cref="MachineException">It cannot be had; the message says why.</exception>
    internal async Task<ImageLease> TakeAsync(GuestImage image, IProgress<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var place = Path.Combine(folder, image.Digest);
            var use = FileLock.Open(place + ".lock");
            try
            {
                for (var looks = 0; ;)
                {
                    await use.TakeAsync(exclusive: false, time, () => progress.Report($"Another machine of this computer fetches the image '{image.Name}'."), cancellationToken);
                    if (Directory.Exists(place) && await ImageProof.HoldsAsync(image, place, time, cancellationToken))
                    {
                        // Its age decides which image goes first when the cache is full.
                        Directory.SetLastWriteTimeUtc(place, time.GetUtcNow().UtcDateTime);
                        return new ImageLease(place, image, use);
                    }

                    // Never wait for the exclusive lock: who was faster has made the image by now and keeps it in use, shared, for days.
                    if (!use.TryTake(exclusive: true))
                    {
                        use.Release();
                        if (Directory.Exists(place) && ++looks > Looks)
                        {
                            throw new MachineException($"The image '{image.Name}' has changed in this computer's cache ('{place}'), and machines that run here use it. Remove them; the next start fetches it anew.");
                        }

                        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(10, 60)), time, cancellationToken);
                        continue;
                    }

                    if (Directory.Exists(place) && !await ImageProof.HoldsAsync(image, place, time, cancellationToken))
                    {
                        reached?.Invoke("cache.broken:before");
                        Directory.Delete(place, recursive: true);
                    }

                    if (!Directory.Exists(place))
                    {
                        await MakeAsync(image, place, progress, cancellationToken);
                    }
                }
            }
            catch
            {
                use.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MachineException($"The image cache in '{folder}' cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Digests of the images that are there, whole.</summary>
    internal static IReadOnlyList<string> Digests(string cacheDirectory)
    {
        var all = Path.Combine(cacheDirectory, "images");
        return Directory.Exists(all)
            ? [.. Directory.EnumerateDirectories(all).Select(path => Path.GetFileName(path)).Where(name => name.Length == 64 && name.All(char.IsAsciiHexDigitLower)).Order(StringComparer.Ordinal)]
            : [];
    }

    private async Task MakeAsync(GuestImage image, string place, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var size = image.Files.Sum(file => file.Size);
        ImageEviction.MakeRoom(folder, Math.Max(0, capacityBytes - size), reached);
        var partial = Directory.CreateDirectory(place + ".partial").FullName;
        DiskSpace.Require(folder, size - Sizes(partial), $"for the image '{image.Name}'");
        foreach (var file in image.Files)
        {
            var path = Path.Combine(partial, file.Name);
            await download.FetchAsync(file, path, progress, cancellationToken);
            // Whatever our umask: an unprivileged QEMU reads it.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            reached?.Invoke("cache.file:after");
        }

        foreach (var stray in Directory.EnumerateFiles(partial).Where(path => image.Files.All(file => file.Name != Path.GetFileName(path))))
        {
            File.Delete(stray);
        }

        reached?.Invoke("cache.whole:before");
        Directory.Move(partial, place);
        reached?.Invoke("cache.whole:after");
    }

    private static long Sizes(string place) => Directory.EnumerateFiles(place).Sum(path => new FileInfo(path).Length);
}

/// <summary>An image in use. Disposing frees it for removal.</summary>
internal sealed class ImageLease(string place, GuestImage image, FileLock use) : IDisposable
{
    /// <summary>Null when the image has no such file.</summary>
    internal string? Find(string role) => image.Files.Any(file => file.Role == role) ? this[role] : null;

    /// <summary>Path of the file with a role.</summary>
    internal string this[string role] => Path.Combine(place, image.Files.Single(file => file.Role == role).Name);

    public void Dispose() => use.Dispose();
}
