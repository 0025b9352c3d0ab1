using Drover.Executor.Accelerators;
using Drover.Executor.Disks;
using Drover.Executor.Machines;

namespace Drover.Executor.Qemu;

/// <summary>The image stage of a machine that has disks here, and beside them what it boots with: neither image cache nor template is needed.</summary>
internal sealed class QemuKeptStart(MachineContext context)
{
    /// <summary>Takes the disks into the sandbox.</summary>
    /// <exception cref="DisksMissingException">There are none.</exception>
    internal async Task<(DiskOrigin Origin, AcceleratorChoice Accelerator, StartChoice Start)> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        progress.Report("The machine's disks are taken over.");
        var record = await KeptDisks.Of(context).TakeAsync(context.Task.ExternalId, context.TaskId, context.Sandbox, context.Options, cancellationToken);
        var origin = DiskOrigin.In(context.Sandbox);
        var image = record.Image ?? throw new MachineException("The record of the machine's disks does not say which image they lie upon.");

        // The scheduler's image of that name may be another one by now. Where the agent is fetched from is the scheduler's word.
        context.Task = context.Task with { Image = image with { Agent = context.Task.Image.Agent ?? image.Agent, Probe = context.Task.Image.Probe ?? image.Probe } };
        var version = await QemuVersion.RememberedAsync(context.Options.QemuProgram, context.StateDirectory, cancellationToken);
        var accelerator = await new AcceleratorSelector(context.StateDirectory, context.Time).ChooseAsync(
            context.Task.Accelerator, AcceleratorFacts.OfThisMachine(version), KvmDevice.WhyNot(), token => ProbeAsync(origin, token), progress, cancellationToken);
        return (origin, accelerator, record.Start);
    }

    private async Task<ProbeResult> ProbeAsync(DiskOrigin origin, CancellationToken cancellationToken) => !origin.Paths.TryGetValue("kernel", out var kernel)
        ? new ProbeResult(false, "a kernel to try it with is not at hand", Certain: false)
        : await new AcceleratorProbe(context.Options.QemuProgram, context.Time).RunAsync(kernel, origin.Paths["initrd"], QemuUser.For(AcceleratorSelector.Kvm, context.Options.DropPrivileges).User, cancellationToken);
}
