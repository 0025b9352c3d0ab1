using Drover.Executor.Machines;
using Drover.Executor.Templates;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Qemu;

/// <summary>Brings a machine up as a copy of a template: its memory, page by page as it is written, its devices' state, its disk beneath an own one.</summary>
/// <remarks>Order: QEMU starts with the template's memory; takes the state; the processors run; the guest takes its seed, before anything else is
/// said to it. Only then is it a machine. Whatever goes wrong from the state on is the template's fault: it is the same for the next copy.</remarks>
internal sealed class QemuCopy(MachineContext context, QemuLaunch launch, TemplateLease template)
{
    private Task<SafeFileHandle>? memory;
    private Task? verified;

    /// <summary>Begins what can go on beside the other preparations: the memory is found or read, the files are compared.</summary>
    internal void Begin(CancellationToken cancellationToken)
    {
        memory = Task.Run(() => template.Memory.OpenAsync(template.PathOf(TemplateLease.MemoryFile), template.Entry(TemplateLease.MemoryFile), context.Time, cancellationToken), cancellationToken);
        verified = Task.Run(() => template.VerifyAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Gives the machine its disk: an empty layer, as large as the template's.</summary>
    internal void MakeDisk()
    {
        var disk = Path.Combine(context.Sandbox, Disks.OverlayDisk.FileName);
        File.Copy(template.PathOf(TemplateLease.EmptyDiskFile), disk, overwrite: true);
        File.SetUnixFileMode(disk, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <param name="plan">The machine, but for its memory.</param>
    /// <exception cref="TemplateBrokenException">The template is to blame.</exception>
    /// <exception cref="MachineException">Something else is.</exception>
    internal async Task<QemuMachine> RunAsync(QemuPlan plan, IReadOnlyList<SafeFileHandle> inherited, GuestChannel guest, CancellationToken cancellationToken)
    {
        using var state = File.OpenHandle(template.PathOf(TemplateLease.StateFile));
        using var disk = File.OpenHandle(template.PathOf(TemplateLease.DiskFile));
        var clock = new StepTimes(context.Time);
        var pages = await memory!;
        clock.Passed(template.Memory.Shared ? "memory shared" : "memory read");
        var copied = plan with { Memory = new QemuMemoryPlan.Copied(BootMedium.Inherit(pages), BootMedium.Inherit(disk)) };
        var words = new FirstWords(guest);
        QemuMachine? machine = null;
        try
        {
            machine = await launch.RunAsync(copied, [.. inherited, state, disk, pages], [], words, cancellationToken);
            clock.Passed("start");
            await verified!;
            clock.Passed("verified");
            await BlameAsync(() => machine.LoadStateAsync(state.DangerousGetHandle(), cancellationToken));
            clock.Passed("state");
            await BlameAsync(() => machine.ContinueAsync(cancellationToken));
            await Seeding.RunAsync(words, context.Time, cancellationToken);
            clock.Passed("seed");
            await FitAsync(machine, cancellationToken);
            clock.Passed("fit");
            context.Options.Log($"copy of {template.Key}: {clock}");
            return machine;
        }
        catch
        {
            await words.DisposeAsync();
            if (machine is not null)
            {
                await QemuLaunch.EndAsync(machine);
            }

            throw;
        }
    }

    /// <summary>What this machine has more of than its template.</summary>
    private async Task FitAsync(QemuMachine machine, CancellationToken cancellationToken)
    {
        if (context.Task.DiskBytes > template.Manifest.DiskBytes)
        {
            await machine.ResizeDiskAsync(context.Task.DiskBytes, cancellationToken);
        }
    }

    private static async Task BlameAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (MachineException e)
        {
            throw new TemplateBrokenException(e.Message, e);
        }
        catch (IOException e)
        {
            throw new TemplateBrokenException($"QEMU ended while it took the state over: {e.Message}.", e);
        }
    }
}
