using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Disks;

/// <summary>A task that only removes what is kept here for a machine that is not wanted any more; nothing is ever powered on.</summary>
internal sealed class DiscardDriver(MachineContext context) : IMachineDriver
{
    public AcceleratorChoice? Accelerator => null;

    public NetworkOutcome? Connection => null;

    public StartChoice? Start => null;

    public DiskOrigin Origin => DiskOrigin.None;

    public GuestNetwork Network => GuestNetwork.OfThisMachine;

    public string? Tap => null;

    public Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken) =>
        stage == MachineStage.Image ? KeptDisks.Of(context).DiscardAsync(context.Task.ExternalId, cancellationToken) : Task.CompletedTask;

    public Task<IMachine> PowerOnAsync(CancellationToken cancellationToken) => throw new MachineException("A task that removes disks has no machine.");

    public Task AdoptAsync(MachineTask machine, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveAsync() => Task.CompletedTask;
}
