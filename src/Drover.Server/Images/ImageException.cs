using Drover.Api;

namespace Drover.Server.Images;

/// <summary>An image cannot be had or used, for a reason outside of us. The message is what people read.</summary>
internal sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Left on the disk beside an image, so that the server itself can go on writing.</summary>
    private static readonly ByteSize Reserve = ByteSize.FromMebibytes(512);

    /// <exception cref="ImageException">Less than <paramref name="bytes"/> and a reserve are free.</exception>
    public static void RequireSpace(string folder, long bytes)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < bytes + Reserve.Bytes)
        {
            throw new ImageException($"The disk of '{folder}' has {new ByteSize(free).ToDisplayString()} free; {new ByteSize(bytes + Reserve.Bytes).ToDisplayString()} are needed.");
        }
    }

    public static ImageException Full(string folder, Exception inner) => new($"The disk of '{folder}' is full.", inner);

    /// <summary>ENOSPC or EDQUOT behind a failed write.</summary>
    public static bool IsFull(IOException e) => (e.HResult & 0xffff) is 28 or 122;
}
