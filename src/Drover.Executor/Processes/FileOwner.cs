using System.Runtime.InteropServices;

namespace Drover.Executor.Processes;

/// <summary>Owner and group of a file, which the framework does not tell.</summary>
internal static class FileOwner
{
    /// <summary>Null when the file cannot be looked at.</summary>
    /// <remarks>statx(2), whose structure is the same on every architecture: user at offset 20, group at 24.</remarks>
    internal static unsafe (uint User, uint Group)? Of(string path)
    {
        const int CurrentDirectory = -100;
        const uint UserAndGroup = 0x18;
        Span<byte> information = stackalloc byte[256];
        fixed (byte* pointer = information)
        {
            if (LibC.Statx(CurrentDirectory, path, 0, UserAndGroup, pointer) != 0)
            {
                return null;
            }
        }

        return (MemoryMarshal.Read<uint>(information[20..]), MemoryMarshal.Read<uint>(information[24..]));
    }
}
