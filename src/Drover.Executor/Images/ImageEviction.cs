using Drover.Executor.Processes;

namespace Drover.Executor.Images;

/// <summary>Keeps the cache bounded: removes images that nobody uses, least recently used first.</summary>
internal static class ImageEviction
{
    private const string Doomed = ".doomed";

    /// <summary>Removes until at most <paramref name="bytes"/> are left, or only images in use.</summary>
    internal static void MakeRoom(string folder, long bytes, Action<string>? reached = null)
    {
        foreach (var left in Directory.EnumerateDirectories(folder, "*" + Doomed + "*"))
        {
            Delete(left);
        }

        var images = Directory.EnumerateDirectories(folder).Where(path => !path.Contains(Doomed, StringComparison.Ordinal))
            .Select(path => new DirectoryInfo(path)).OrderBy(image => image.LastWriteTimeUtc).ToArray();
        var total = images.Sum(SizeOf);
        foreach (var image in images)
        {
            if (total <= bytes)
            {
                return;
            }

            var size = SizeOf(image);
            if (TryRemove(image, reached))
            {
                total -= size;
            }
        }
    }

    private static bool TryRemove(DirectoryInfo image, Action<string>? reached)
    {
        using var use = FileLock.Open(Path.Combine(image.Parent!.FullName, image.Name.Split('.')[0] + ".lock"));
        if (!use.TryTake(exclusive: true))
        {
            return false;
        }

        // First out of sight in one step: a half removed image must never look complete.
        var doomed = image.FullName + Doomed + Guid.NewGuid().ToString("N");
        image.MoveTo(doomed);
        reached?.Invoke("cache.doomed:after");
        Delete(doomed);
        return true;
    }

    private static void Delete(string doomed)
    {
        try
        {
            Directory.Delete(doomed, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another executor removes the same.
        }
    }

    private static long SizeOf(DirectoryInfo image)
    {
        try
        {
            return image.EnumerateFiles().Sum(file => file.Length);
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }
}
