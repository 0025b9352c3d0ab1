using Drover.Api.Machines;
using Drover.Executor.SeedDisk;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Qemu;

/// <summary>The files that a machine starts from, opened for a QEMU that may not reach them itself. Disposing closes our side.</summary>
/// <param name="Source">For the command line.</param>
/// <param name="Inherited">Descriptors that QEMU gets.</param>
/// <param name="Own">Files of the sandbox that must belong to QEMU's user.</param>
internal sealed record BootMedium(BootSource Source, IReadOnlyList<SafeFileHandle> Inherited, IReadOnlyList<string> Own) : IDisposable
{
    /// <exception cref="Drover.Executor.Machines.MachineException">This computer has no firmware for the image.</exception>
    /// <param name="fileOf">The path of the image's file with a role.</param>
    /// <param name="unpackedKernel">In place of the packed one.</param>
    internal static BootMedium Open(MachineTask task, Func<string, string> fileOf, string? unpackedKernel, string sandbox)
    {
        switch (task.Image.Kind)
        {
            case ImageKind.Bios:
                return new BootMedium(new BootSource.Firmware(SeedImage.FileName, null), [], [SeedImage.FileName]);
            case ImageKind.Uefi:
                return new BootMedium(new BootSource.Firmware(SeedImage.FileName, UefiFiles.Place(sandbox)), [], [SeedImage.FileName, UefiFiles.VariablesFileName]);
            default:
                var (kernel, initrd) = (File.OpenHandle(unpackedKernel ?? fileOf("kernel")), File.OpenHandle(fileOf("initrd")));
                return new BootMedium(new BootSource.Kernel(Inherit(kernel), Inherit(initrd)), [kernel, initrd], []);
        }
    }

    /// <summary>How a child names a descriptor that it inherits.</summary>
    internal static string Inherit(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    /// <summary>Removes what <see cref="Open"/> and the seed put into the sandbox.</summary>
    internal static void Remove(string sandbox)
    {
        File.Delete(Path.Combine(sandbox, UefiFiles.VariablesFileName));
        SeedImage.Remove(sandbox);
    }

    public void Dispose()
    {
        foreach (var handle in Inherited)
        {
            handle.Dispose();
        }
    }
}
