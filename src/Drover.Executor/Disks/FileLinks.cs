using System.Runtime.InteropServices;
using Drover.Executor.Processes;

namespace Drover.Executor.Disks;

/// <summary>Gives files a second name: as one file with two names where both lie on one file system, else as a copy.</summary>
/// <remarks>With two names nothing is moved, so that at no moment a file is in neither place.</remarks>
internal static class FileLinks
{
    private const int OtherFileSystem = 18;

    /// <summary>A file, or everything in a folder. What had the name before is replaced.</summary>
    internal static void Make(string from, string to)
    {
        if (Directory.Exists(from))
        {
            Directory.CreateDirectory(to);
            foreach (var entry in Directory.EnumerateFileSystemEntries(from))
            {
                Make(entry, Path.Combine(to, Path.GetFileName(entry)));
            }

            return;
        }

        File.Delete(to);
        if (LibC.Link(from, to) == 0)
        {
            return;
        }

        if (Marshal.GetLastPInvokeError() is var error && error != OtherFileSystem)
        {
            throw new IOException($"'{from}' cannot be linked to '{to}': {Marshal.GetPInvokeErrorMessage(error)}");
        }

        var partial = to + ".part";
        File.Copy(from, partial, overwrite: true);
        FileSync.File(partial);
        File.Move(partial, to, overwrite: true);
    }
}
