namespace Drover.Executor.Qemu;

/// <summary>Where the guest's memory is, and with it whether the machine is a template's kind. Paths are as QEMU opens them.</summary>
internal abstract record QemuMemoryPlan
{
    private QemuMemoryPlan()
    {
    }

    /// <summary>QEMU's own, as any program's.</summary>
    internal sealed record Plain : QemuMemoryPlan;

    /// <summary>In a file that outlives QEMU: a machine that is to be frozen.</summary>
    internal sealed record Kept(string Path) : QemuMemoryPlan;

    /// <summary>A template's, each page of it until the guest writes it. The rest of the machine follows over the monitor.</summary>
    /// <param name="Disk">The template's disk, beneath the machine's own.</param>
    internal sealed record Copied(string Path, string Disk) : QemuMemoryPlan;
}
