using Drover.Api.Machines;
using Drover.Executor.Accelerators;

namespace Drover.Executor.Qemu;

/// <summary>What a machine starts from: the part of QEMU's command line that differs by <see cref="ImageKind"/>. Paths are as QEMU opens them.</summary>
internal abstract record BootSource
{
    private BootSource()
    {
    }

    /// <summary>Arguments before the devices.</summary>
    internal abstract IReadOnlyList<string> Arguments(MachineTask task, string accelerator);

    /// <summary>Arguments for devices of its own, after the machine's disk.</summary>
    internal virtual IReadOnlyList<string> Devices => [];

    /// <summary>Ends the <c>-machine</c> argument.</summary>
    internal virtual string Machine => "";

    /// <summary>Ends the <c>-device</c> argument of the machine's disk.</summary>
    internal virtual string Disk => "";

    /// <summary>Our own image: QEMU loads kernel and initrd itself.</summary>
    internal sealed record Kernel(string Path, string Initrd) : BootSource
    {
        // A guest that restarts before it is a host panicked: end, and say so. Afterwards a restart is its own affair.
        internal override IReadOnlyList<string> Arguments(MachineTask task, string accelerator) =>
            ["-kernel", Path, "-initrd", Initrd, "-append", CommandLine(task, accelerator), "-action", "reboot=shutdown"];

        private static string CommandLine(MachineTask task, string accelerator)
        {
            var words = new List<string> { task.Image.KernelArguments.Trim() };
            if (!task.Image.KernelArguments.Contains("console=", StringComparison.Ordinal))
            {
                words.Add("console=ttyS0");
            }

            if (task.Display == MachineDisplay.Vga)
            {
                // Before the serial port: the last one is where the guest's own programs write.
                words.Insert(0, "console=tty0");
            }

            if (accelerator == AcceleratorSelector.Tcg)
            {
                words.Add(QemuPlan.TcgKernelArguments);
            }

            if (task.Kept)
            {
                // A disk that was another machine's knows who that was: the guest makes its own before anything starts.
                words.Add($"drover.machine={task.ExternalId}");
            }

            return string.Join(' ', words.Where(word => word.Length > 0));
        }
    }

    /// <summary>A foreign image: firmware starts what stands on the disk, and cloud-init in it reads the seed.</summary>
    /// <param name="Seed">The NoCloud disk.</param>
    /// <param name="Uefi">Null for BIOS.</param>
    internal sealed record Firmware(string Seed, UefiFiles? Uefi) : BootSource
    {
        // Firmware and first boots of distributions may restart once: that is no panic.
        internal override IReadOnlyList<string> Arguments(MachineTask task, string accelerator) => Uefi is null ? [] :
        [
            "-blockdev", $"driver=file,node-name=uefi-code,filename={Uefi.Code},read-only=on",
            "-blockdev", $"driver=file,node-name=uefi-variables,filename={Uefi.Variables}",
        ];

        internal override IReadOnlyList<string> Devices =>
        [
            "-blockdev", $"driver=file,node-name=seed,filename={Seed},read-only=on",
            "-device", "virtio-blk-pci,drive=seed,serial=drover-seed",
        ];

        internal override string Machine => Uefi is null ? "" : ",pflash0=uefi-code,pflash1=uefi-variables";

        internal override string Disk => ",bootindex=0";
    }
}
