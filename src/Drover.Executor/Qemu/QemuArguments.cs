using System.Globalization;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Accelerators;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Networking;

namespace Drover.Executor.Qemu;

/// <summary>What a QEMU process is made of. A pure function; all paths are relative to the sandbox, QEMU's working directory.</summary>
/// <remarks>A template and its copies must have the same devices in the same order, the card included: it is frozen without a back end, and a copy gives it one.
/// They have no balloon and do not report free pages: in a copy both would give back pages of the template. A machine that booted reports them; nothing is ever taken from a guest. Other cards and disks are plugged into a copy's free slots.
/// The uuid that firmware tells a guest is in a template's memory, so a template has none.</remarks>
/// <param name="Sandbox">The machine's folder, only as part of its name: so that a process list tells whose it is.</param>
/// <param name="BaseDisk">Path that QEMU opens: like the boot source's a descriptor handed over, because an unprivileged QEMU may not reach the cache.</param>
internal sealed record QemuPlan(MachineTask Task, string Sandbox, string Accelerator, IReadOnlyList<NetworkCard> Cards, BootSource Boot, string BaseDisk)
{
    internal const string MonitorSocket = "qmp.sock";

    /// <summary>Free slots of a template and its copies.</summary>
    internal const int Slots = 4;

    /// <summary>The machine's disk in QEMU's words: the image beneath, the file, the disk in it, and the card that the guest sees.</summary>
    internal const string BaseNode = "base";
    internal const string TemplateNode = "template";
    internal const string DiskFileNode = "disk-file";
    internal const string DiskNode = "disk";
    internal const string DiskDevice = "vda";

    /// <summary>Arguments that save a kernel under emulation seconds. Not under kvm: mitigations protect tenants from each other.</summary>
    internal const string TcgKernelArguments = "mitigations=off init_on_alloc=0 cryptomgr.notests no_timer_check rcupdate.rcu_expedited=1 tsc=reliable";

    /// <summary>x86-64-v2, which container images ask for more and more, and nothing that costs emulation time.</summary>
    private const string TcgCpu = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt";

    /// <summary>Where the memory is.</summary>
    public QemuMemoryPlan Memory { get; init; } = new QemuMemoryPlan.Plain();

    /// <summary>The template's disk beneath the machine's own, of a machine that was a copy of it and boots now.</summary>
    public string? TemplateDisk { get; init; }

    private string? DiskBeneath => Memory is QemuMemoryPlan.Copied(_, var disk) ? disk : TemplateDisk;

    /// <summary>Whether pages that the guest frees go back to the computer: where the memory is the machine's alone.</summary>
    internal bool GivesMemoryBack => Memory is QemuMemoryPlan.Plain;

    private bool IsKept => Memory is QemuMemoryPlan.Kept;

    /// <summary>The machine that templates of a task have, without what differs from one to the next: part of their key, so that no copy starts from
    /// a template with other devices.</summary>
    internal static string Shape(MachineTask task, string accelerator) => string.Join(' ', new QemuPlan(
        task with { Name = "", ExternalId = "" }, "", accelerator, [], new BootSource.Kernel("", ""), "") { Memory = new QemuMemoryPlan.Kept("") }.Arguments());

    internal static string CpuOf(string accelerator) => accelerator == AcceleratorSelector.Kvm ? "host" : TcgCpu;

    internal static string Slot(int number) => $"slot{Number(number)}";

    internal IReadOnlyList<string> Arguments() =>
    [
        "-name", $"guest={Escape(Task.Name)} in {Escape(Sandbox)}",
        .. IsKept ? Array.Empty<string>() : ["-uuid", Task.ExternalId],
        "-nodefaults", "-no-user-config", "-display", "none", "-msg", "timestamp=on",
        "-machine", "q35,hpet=off,usb=off" + (Memory is QemuMemoryPlan.Plain ? "" : ",memory-backend=memory") + Boot.Machine,
        "-accel", AcceleratorArgument, "-cpu", CpuOf(Accelerator),
        "-smp", Number((long)Math.Ceiling(Task.Cpus)), "-m", $"{Number(Mebibytes)}M",
        .. MemoryArguments,
        .. Boot.Arguments(Task, Accelerator),
        "-rtc", "base=utc",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-chardev", $"socket,id=monitor,path={MonitorSocket}", "-mon", "chardev=monitor,mode=control",
        "-device", "virtio-serial-pci",
        "-chardev", $"socket,id=agent,path={GuestChannel.SocketName}", "-device", $"virtserialport,chardev=agent,name={GuestMessage.PortName}",
        .. DiskArguments,
        "-device", $"virtio-blk-pci,drive=disk,id={DiskDevice}" + Boot.Disk,
        .. Boot.Devices,
        .. ExtraDiskArguments,
        .. CardArguments,
        "-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0",
        .. GivesMemoryBack ? (string[])["-device", "virtio-balloon-pci,free-page-reporting=on"] : [],
        .. SlotArguments,
        .. HasScreen(Task) ? ["-device", "VGA,vgamem_mb=4", "-vnc", "none"] : Array.Empty<string>(),
        "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ];

    /// <summary>A screen that nobody sees until its connection is handed to QEMU, which listens nowhere.</summary>
    internal static bool HasScreen(MachineTask task) => task.Kind == TaskKind.Machine && MachineDisplay.IsThere(task.Display, task.Image.Kind);

    /// <summary>The ids of the cards of all disks, the machine's own first.</summary>
    internal static IReadOnlyList<string> DiskDevices(MachineTask task) => [DiskDevice, .. task.Disks.Select((_, number) => ExtraDevice(number))];

    /// <summary>What a guest gives back, or writes zeros over, the file gives back too.</summary>
    private const string Trim = "discard=unmap,detect-zeroes=unmap";

    /// <summary>A disk beside the machine's own, in QEMU's words.</summary>
    internal static string ExtraNode(int number) => $"extra{Number(number)}-disk";

    private static string ExtraDevice(int number) => $"extra{Number(number)}";

    private IEnumerable<string> ExtraDiskArguments => Task.Disks.SelectMany((disk, number) => (string[])
    [
        "-blockdev", $"driver=file,node-name=extra{Number(number)}-file,filename={OverlayDisk.ExtraFileName(disk)},discard=unmap",
        "-blockdev", $"driver=qcow2,node-name=extra{Number(number)}-disk,file=extra{Number(number)}-file,{Trim}",
        "-device", $"virtio-blk-pci,drive=extra{Number(number)}-disk,id={ExtraDevice(number)},serial={disk.Name}",
    ]);

    private IEnumerable<string> MemoryArguments => Memory switch
    {
        QemuMemoryPlan.Kept(var path) => ["-object", $"memory-backend-file,id=memory,size={Number(Mebibytes)}M,mem-path={path},share=on", "-device", "vmgenid,guid=auto"],
        QemuMemoryPlan.Copied(var path, _) => ["-object", $"memory-backend-file,id=memory,size={Number(Mebibytes)}M,mem-path={path},share=off", "-device", "vmgenid,guid=auto", "-incoming", "defer"],
        _ => [],
    };

    /// <summary>What is beneath a disk is named here, not found by the path inside it: that one the QEMU user may not open.</summary>
    private IEnumerable<string> DiskArguments =>
    [
        "-blockdev", $"driver=file,node-name=base-file,filename={BaseDisk},read-only=on",
        "-blockdev", "driver=qcow2,node-name=base,file=base-file,read-only=on",
        .. DiskBeneath is { } beneath
            ? (IEnumerable<string>)
            [
                "-blockdev", $"driver=file,node-name=template-file,filename={beneath},read-only=on",
                "-blockdev", "driver=qcow2,node-name=template,file=template-file,backing=base,read-only=on",
            ]
            : [],
        "-blockdev", $"driver=file,node-name=disk-file,filename={OverlayDisk.FileName},discard=unmap",
        "-blockdev", $"driver=qcow2,node-name=disk,file=disk-file,backing={(DiskBeneath is null ? "base" : "template")},{Trim}",
    ];

    /// <summary>Of a copy's cards the first is the one that was frozen.</summary>
    private IEnumerable<string> CardArguments => Memory switch
    {
        QemuMemoryPlan.Plain => Cards.SelectMany(card => card.Arguments()),
        QemuMemoryPlan.Copied => Cards.Take(1).SelectMany(card => card.Arguments()),
        _ => ["-device", "virtio-net-pci,romfile="],
    };

    private IEnumerable<string> SlotArguments => Memory is QemuMemoryPlan.Plain ? [] : Enumerable.Range(1, Slots)
        .SelectMany(number => (string[])["-device", $"pcie-root-port,id={Slot(number)},chassis={Number(number)}"]);

    private long Mebibytes => (Task.MemoryBytes + (1L << 20) - 1) >> 20;

    /// <summary>Translated code is QEMU's own memory and counts against the task's limit.</summary>
    private string AcceleratorArgument => Accelerator == AcceleratorSelector.Kvm ? "kvm" : $"tcg,thread=multi,tb-size={Number(Memory is QemuMemoryPlan.Copied ? QemuMemory.TranslationCacheOfCopy(Mebibytes) : QemuMemory.TranslationCache(Mebibytes))}";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>In QEMU's option strings a comma is written twice.</summary>
    private static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);
}
