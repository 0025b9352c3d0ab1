using Drover.Api.Machines;

namespace Drover.Executor.Tests;

internal static class Tasks
{
    internal static MachineTask Simulated(string state) => new()
    {
        MachineId = "1ph7",
        ExternalId = "6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11",
        Name = "web-1",
        Hostname = "web-1",
        Cpus = 1,
        MemoryBytes = 1L << 30,
        DiskBytes = 10L << 30,
        Accelerator = "simulated",
        Image = Image(),
        RegistrationUrl = "http://127.0.0.1:8080/v1/scripts/T0KEN",
        StateDirectory = state,
        ShutdownGraceSeconds = 20,
    };

    internal static GuestImage Image() => new()
    {
        Name = "drover",
        Digest = new string('d', 64),
        KernelArguments = "root=/dev/vda rw console=ttyS0 quiet",
        Files =
        [
            new ImageFile { Role = "disk", Name = "disk.qcow2", Sha256 = new string('a', 64), Size = 1 },
            new ImageFile { Role = "kernel", Name = "vmlinuz", Sha256 = new string('b', 64), Size = 1 },
            new ImageFile { Role = "initrd", Name = "initrd.img", Sha256 = new string('c', 64), Size = 1 },
        ],
    };
}
