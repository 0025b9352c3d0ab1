using Drover.Api;
using Drover.Executor.Machines;

namespace Drover.Executor.Images;

/// <summary>Free space of a file system.</summary>
internal static class DiskSpace
{
    /// <exception cref="MachineException">Less than <paramref name="bytes"/> is free.</exception>
    internal static void Require(string folder, long bytes, string purpose)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < bytes)
        {
            throw Full(folder, $"{new ByteSize(bytes).ToDisplayString()} are needed {purpose}, {new ByteSize(free).ToDisplayString()} are free");
        }
    }

    internal static MachineException Full(string folder, string detail, Exception? inner = null) => new($"The disk of '{folder}' is full: {detail}.", inner);

    /// <summary>ENOSPC or EDQUOT behind a failed write.</summary>
    internal static bool IsFull(IOException e) => (e.HResult & 0xffff) is 28 or 122;
}
