using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Processes;

/// <summary>What a file is on its disk: written for good, and how much of it is there.</summary>
internal static class FileSync
{
    /// <summary>Returns when the file's content would survive a loss of power.</summary>
    internal static void File(string path)
    {
        using var handle = System.IO.File.OpenHandle(path);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>The same for the names in a folder: a rename is on the disk only when its folder is.</summary>
    internal static void Folder(string path)
    {
        var descriptor = LibC.Open(path, LibC.OpenFolder | LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (LibC.Sync(descriptor) != 0)
        {
            throw new IOException($"cannot sync '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Bytes on the disk, which a file with holes has fewer of than its length. 0 for a file that is gone.</summary>
    /// <remarks>statx(2): blocks of 512 bytes at offset 48.</remarks>
    internal static unsafe long AllocatedBytes(string path)
    {
        const int CurrentDirectory = -100;
        const uint Blocks = 0x400;
        Span<byte> information = stackalloc byte[256];
        fixed (byte* pointer = information)
        {
            return LibC.Statx(CurrentDirectory, path, 0, Blocks, pointer) == 0 ? (long)MemoryMarshal.Read<ulong>(information[48..]) * 512 : 0;
        }
    }
}
