using System.Diagnostics.CodeAnalysis;
using Drover.Api.Machines;
using Drover.Executor.Accelerators;
using Drover.Executor.Disks;
using Drover.Executor.Images;
using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Drover.Executor.SeedDisk;
using Drover.Executor.Templates;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Qemu;

/// <summary>Machines run by QEMU, one process each, a direct child that dies with this process.</summary>
[SuppressMessage("Design", "CA1001", Justification = "RemoveAsync ends what it owns and is called at the end of every life.")]
internal sealed class QemuDriver(MachineContext context) : IMachineDriver
{
    internal const string LogFileName = "qemu.log";

    private readonly TemplateStore store = new(context.CacheDirectory, context.Time, context.Options.TemplateCacheBytes, context.Options.Reached);
    private INetworkDriver? network;
    private NetworkPort? port;
    private ImageLease? image;
    private DiskOrigin? origin;
    private TemplateLease? template;
    private TemplateDraft? draft;
    private SafeFileHandle? kept;
    private QemuLaunch? launch;
    private QemuCopy? copy;
    private QemuMachine? copied;
    private QemuUser? user;
    private GuestChannel? guest;
    private RingLog? log;
    private bool limited;

    public AcceleratorChoice? Accelerator { get; private set; }

    public StartChoice? Start { get; private set; }

    public NetworkOutcome? Connection { get; private set; }

    public GuestNetwork Network => port is null ? throw new InvalidOperationException("The network stage comes first.")
        : copied is { LacksCards: true } ? port.Guest with { Cards = [] }
        : port.Guest;

    public string? Tap => port?.Cards.Select(card => card.TapName).FirstOrDefault(name => name is not null);

    public async Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken)
    {
        if (Tap is { } tap)
        {
            await TapLimit.SetAsync(tap, bytes, cancellationToken);
            limited = bytes is not null;
        }
        else if (bytes is not null)
        {
            throw new MachineException($"networkBytes cannot be kept in the network '{network?.Choice.Name ?? UserNetwork.Name}' of this machine: QEMU has no limit for connections that it makes itself. In nat and bridge:NAME it can.");
        }
    }

    /// <summary>Of the image's files those that this machine's kind boots with.</summary>
    public DiskOrigin Origin => origin ?? new DiskOrigin(
        new[] { "disk", "kernel", "initrd" }.Where(role => context.Task.Image.Files.Any(file => file.Role == role)).Select(role => (role, path: image![role]))
            .Concat(copied is null ? [] : [(DiskOrigin.Template, template!.PathOf(TemplateLease.DiskFile))])
            .ToDictionary(file => file.Item1, file => file.Item2, StringComparer.Ordinal));

    public Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken) => stage switch
    {
        MachineStage.Image when context.Task.Kept => PrepareKeptAsync(progress, cancellationToken),
        MachineStage.Image => PrepareImageAsync(progress, cancellationToken),
        MachineStage.Disk when context.Task.Kept => Task.CompletedTask,
        MachineStage.Disk => PrepareDiskAsync(cancellationToken),
        MachineStage.Network => PrepareNetworkAsync(progress, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(stage), stage, "Not a preparation."),
    };

    public async Task<IMachine> PowerOnAsync(CancellationToken cancellationToken)
    {
        if (user!.Reason is { } reason)
        {
            context.Options.Log(reason);
        }

        if (copy is not null)
        {
            try
            {
                return await BootAsync(cancellationToken);
            }
            catch (Exception e) when (e is TemplateBrokenException or MachineException or IOException)
            {
                await GiveUpCopyAsync(e, cancellationToken);
            }
        }

        return await BootAsync(cancellationToken);
    }

    public async Task AdoptAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        var plugged = port!.Cards.Count;
        port = await ConnectAsync(() => network!.AdoptAsync(machine, cancellationToken));
        await LimitFromTheStartAsync(machine, cancellationToken);
        if (copied is null)
        {
            // It was not made to take further cards.
            port = port with { Guest = port.Guest with { Cards = [] } };
            return;
        }

        PlugFrom(copied, plugged);
    }

    public async Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken) =>
        await new QemuFreeze(context, user!, draft!, kept!, OverlayDisk.VirtualSizeOf(image!["disk"])).RunAsync((QemuMachine)machine, progress, cancellationToken);

    public async Task RemoveAsync()
    {
        foreach (var name in context.Task.Disks.Select(OverlayDisk.ExtraFileName).Concat([OverlayDisk.FileName, GuestChannel.SocketName, QemuPlan.MonitorSocket]))
        {
            File.Delete(Path.Combine(context.Sandbox, name));
        }

        if (Directory.Exists(Path.Combine(context.Sandbox, DiskOrigin.FolderName)))
        {
            Directory.Delete(Path.Combine(context.Sandbox, DiskOrigin.FolderName), recursive: true);
        }

        BootMedium.Remove(context.Sandbox);
        QemuFreeze.Remove(context.Sandbox);
        guest?.Dispose();
        log?.Dispose();
        template?.Dispose();
        draft?.Dispose();
        kept?.Dispose();
        image?.Dispose();
        if (limited && Tap is { } tap)
        {
            await TapLimit.RemoveAsync(tap, CancellationToken.None);
            limited = false;
        }

        if (network is not null)
        {
            await network.RemoveAsync();
        }
    }

    /// <summary>Starts QEMU as what the preparations made ready: a copy, a template to be, or a machine that boots.</summary>
    private async Task<IMachine> BootAsync(CancellationToken cancellationToken)
    {
        // QEMU maps an unpacked kernel, and reads a packed one into memory of its own. With kvm the packed one: it places itself by chance.
        var unpacked = Accelerator!.Name == AcceleratorSelector.Tcg ? image?.Find("kernel-unpacked") : null;
        using var boot = BootMedium.Open(context.Task, FileOf, unpacked, context.Sandbox);
        using var disk = File.OpenHandle(FileOf("disk"));
        using var beneath = origin?.TemplateDisk is { } path ? File.OpenHandle(path) : null;
        guest?.Dispose();
        guest = new GuestChannel(context.Sandbox, context.Time);
        var plan = new QemuPlan(context.Task, context.Sandbox, Accelerator.Name, port?.Cards ?? [], boot.Source, BootMedium.Inherit(disk)) { TemplateDisk = beneath is null ? null : BootMedium.Inherit(beneath) };
        IReadOnlyList<SafeFileHandle> inherited = [disk, .. beneath is null ? Array.Empty<SafeFileHandle>() : [beneath], .. boot.Inherited, .. port?.Inherited ?? []];
        if (copy is not null)
        {
            copied = await copy.RunAsync(plan, inherited, guest, cancellationToken);
            PlugFrom(copied, 1);
            return copied;
        }

        if (kept is not null)
        {
            return await launch!.RunAsync(plan with { Memory = new QemuMemoryPlan.Kept(BootMedium.Inherit(kept)) }, [.. inherited, kept], boot.Own, guest, cancellationToken);
        }

        return await launch!.RunAsync(plan, inherited, [.. boot.Own, .. context.Task.Disks.Select(OverlayDisk.ExtraFileName)], guest, cancellationToken);
    }

    private void PlugFrom(QemuMachine machine, int first)
    {
        if (port!.Cards.Count > first)
        {
            machine.PlugWhenHost(new FurtherCards([.. port.Cards.Skip(first)], first, port.Guest.Cards));
        }
    }

    /// <summary>A copy is a shortcut: where it leads nowhere, the machine boots, and a template that is to blame is never tried again.</summary>
    private async Task GiveUpCopyAsync(Exception cause, CancellationToken cancellationToken)
    {
        var blame = cause is TemplateBrokenException;
        if (blame)
        {
            store.Discard(template!.Key);
        }

        Start = StartDecision.Failed(template!.Key, cause.Message, blame);
        context.Options.Log(Start.Reason);
        context.Console.AppendLine($"[drover] {Start.Reason}");
        copy = null;
        template.Dispose();
        template = null;
        File.Delete(Path.Combine(context.Sandbox, OverlayDisk.FileName));
        await PrepareDiskAsync(cancellationToken);
    }

    private string FileOf(string role) => origin?.Paths[role] ?? image![role];

    private void ChooseLaunch()
    {
        user = QemuUser.For(Accelerator!.Name, context.Options.DropPrivileges);
        log = new RingLog(Path.Combine(context.Sandbox, LogFileName));
        launch = new QemuLaunch(context, user, log);
    }

    private async Task PrepareKeptAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        (origin, Accelerator, Start) = await new QemuKeptStart(context).PrepareAsync(progress, cancellationToken);
        ChooseLaunch();
    }

    private async Task ChooseStartAsync(string version, IProgress<string> progress, CancellationToken cancellationToken)
    {
        ChooseLaunch();
        var model = Accelerator!.Name == AcceleratorSelector.Kvm ? $"host {AcceleratorFacts.OfThisMachine(version).CpuModel}" : QemuPlan.CpuOf(Accelerator.Name);
        var facts = TemplateFacts.Of(context.Task, Accelerator.Name, version, model, ImageKind.IsForeign(context.Task.Image.Kind) ? "" : QemuPlan.Shape(context.Task, Accelerator.Name));
        (Start, template) = TemplateChoice.Of(context.Task, facts, store);
        if (template is not null)
        {
            copy = new QemuCopy(context, launch!, template);
            copy.Begin(cancellationToken);
        }

        if (context.Task.Kind == TaskKind.Template && Start.Template != TemplateState.Used)
        {
            (draft, Start) = await TemplateChoice.BeginAsync(context.Task, facts, store, context.Time, progress, cancellationToken);
            kept = draft is null ? null : TemplateMemory.Create($"drover-{facts.Key}", (context.Task.MemoryBytes + (1L << 20) - 1) >> 20 << 20);
        }
    }

    private async Task PrepareDiskAsync(CancellationToken cancellationToken)
    {
        if (copy is not null)
        {
            copy.MakeDisk();
            return;
        }

        // A template's disk is no larger than the image's: it serves machines with disks of any size, which their copies grow to.
        var bytes = context.Task.Kind == TaskKind.Template ? OverlayDisk.VirtualSizeOf(image!["disk"]) : context.Task.DiskBytes;
        await OverlayDisk.CreateAsync(context.Options.QemuImageProgram, image!["disk"], context.Sandbox, bytes, cancellationToken);
        await OverlayDisk.CreateExtraAsync(context.Options.QemuImageProgram, context.Sandbox, context.Task.Disks, cancellationToken);
    }

    private async Task PrepareImageAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        var version = await QemuVersion.RememberedAsync(context.Options.QemuProgram, context.StateDirectory, cancellationToken);
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) }) { Timeout = Timeout.InfiniteTimeSpan };
        var cache = new ImageCache(context.CacheDirectory, new ImageDownload(http, context.Time), context.Time, context.Options.ImageCacheBytes, context.Options.Reached);
        image = await cache.TakeAsync(context.Task.Image, progress, cancellationToken);

        Accelerator = await new AcceleratorSelector(context.StateDirectory, context.Time).ChooseAsync(
            context.Task.Accelerator, AcceleratorFacts.OfThisMachine(version), KvmDevice.WhyNot(), token => ProbeAsync(cache, progress, token), progress, cancellationToken);
        await ChooseStartAsync(version, progress, cancellationToken);
    }

    /// <summary>Tries KVM with this image's kernel, or for a foreign image with that of one of ours.</summary>
    private async Task<ProbeResult> ProbeAsync(ImageCache cache, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var ours = ImageKind.IsForeign(context.Task.Image.Kind) ? context.Task.Image.Probe : context.Task.Image;
        if (ours is null)
        {
            return new ProbeResult(false, "whether it runs a guest is tried with the kernel of an image of Drover's own, and there is none", Certain: false);
        }

        using var lease = await cache.TakeAsync(ours, progress, cancellationToken);
        var probe = new AcceleratorProbe(context.Options.QemuProgram, context.Time);
        return await probe.RunAsync(lease["kernel"], lease["initrd"], QemuUser.For(AcceleratorSelector.Kvm, context.Options.DropPrivileges).User, cancellationToken);
    }

    private async Task LimitFromTheStartAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        if (machine.Limits?.NetworkBytes is { } bytes)
        {
            await LimitNetworkAsync(bytes, cancellationToken);
        }
    }

    private async Task PrepareNetworkAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (context.Task.Kind == TaskKind.Template)
        {
            // Its card has no back end: nobody is to be reached before there is somebody.
            return;
        }

        network = Networks.Of(context);
        port = await ConnectAsync(() => network.PrepareAsync(progress, cancellationToken));
        await LimitFromTheStartAsync(context.Task, cancellationToken);
        if (context.Task.Image is { Agent.Url: { } agent } && ImageKind.IsForeign(context.Task.Image.Kind))
        {
            var identity = Network.Identity(context.Task, context.Time);
            await SeedImage.WriteAsync(context.Sandbox, NoCloudSeed.Files(context.Task, identity, Network.FromGuest(agent)), cancellationToken);
        }
    }

    private async Task<NetworkPort> ConnectAsync(Func<Task<NetworkPort>> connect)
    {
        try
        {
            var connected = await connect();
            var reached = network!.Choice.Name == UserNetwork.Name ? null : connected.Guest.Address?.Split('/')[0];
            Connection = new NetworkOutcome(network.Choice.Name, network.Choice.Reason, reached, null);
            return connected;
        }
        catch (AddressInUseException e)
        {
            Connection = new NetworkOutcome(network!.Choice.Name, network.Choice.Reason, null, e.Address);
            throw;
        }
    }
}
