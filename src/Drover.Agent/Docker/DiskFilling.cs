using Drover.Agent.Guest;

namespace Drover.Agent.Docker;

/// <summary>Writes a file of 64 MiB, or removes it: whoever looks from outside sees whether the disk's file follows.</summary>
internal static class DiskFilling
{
    private const string Path = "/var/lib/drover/filling";
    private const int Mebibytes = 64;

    public static void Run(bool fill)
    {
        if (fill)
        {
            using var file = new FileStream(Path, FileMode.Create, FileAccess.Write);
            for (var i = 0; i < Mebibytes; i++)
            {
                // Zeros would be given back at once.
                file.Write(KernelRandom.Bytes(1 << 20));
            }

            file.Flush(flushToDisk: true);
        }
        else
        {
            File.Delete(Path);

            // The file system gives freed blocks back when it has written that they are free.
            LibC.SyncAll();
        }
    }
}
