using System.Globalization;
using System.Security.Cryptography;
using Drover.Api.Machines;

namespace Drover.Executor.Images;

/// <summary>Whether a cached image is still what its digests say: <c>DIGEST.proof</c> tells when its files were last read whole, and how they looked.</summary>
/// <remarks>Reading hundreds of megabytes at every start would cost a template's copy more than everything else. So they are read when anything about them
/// looks different, and once a day for what a disk loses silently. A proof that is missing or torn costs one reading.</remarks>
internal static class ImageProof
{
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(1);

    internal static async Task<bool> HoldsAsync(GuestImage image, string place, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Looks(image, place) is not { } looks)
        {
            return false;
        }

        var now = time.GetUtcNow();
        if (Read(place) is { } proof && proof.Looks == looks && now - proof.At < Lasts && now >= proof.At)
        {
            return true;
        }

        foreach (var file in image.Files)
        {
            await using var stream = File.OpenRead(Path.Combine(place, file.Name));
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) != file.Sha256)
            {
                return false;
            }
        }

        Write(place, looks, now);
        return true;
    }

    /// <summary>Sizes and times of the files; null when one is missing or has another length.</summary>
    private static string? Looks(GuestImage image, string place)
    {
        var files = image.Files.Select(file => (file, Found: new FileInfo(Path.Combine(place, file.Name)))).ToList();
        return files.TrueForAll(pair => pair.Found.Exists && pair.Found.Length == pair.file.Size)
            ? string.Join('\n', files.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.file.Sha256} {pair.Found.LastWriteTimeUtc.Ticks}")))
            : null;
    }

    private static (DateTimeOffset At, string Looks)? Read(string place)
    {
        try
        {
            var parts = File.ReadAllText(place + ".proof").Split('\n', 2);
            return parts.Length == 2 && DateTimeOffset.TryParse(parts[0], CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? (at, parts[1]) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Several executors may write at once; each writes the same.</summary>
    private static void Write(string place, string looks, DateTimeOffset now)
    {
        var fresh = $"{place}.proof.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{Guid.NewGuid():N}";
        try
        {
            File.WriteAllText(fresh, $"{now:O}\n{looks}");
            File.Move(fresh, place + ".proof", overwrite: true);
        }
        catch (IOException)
        {
            // A full disk: the next start reads the image once more.
            File.Delete(fresh);
        }
    }
}
