using Drover.Api.Machines;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Ledger;

/// <summary>Any driver, with its task in the ledger from before the first thing is made until after the last is gone.</summary>
internal sealed class LedgeredDriver(IMachineDriver inner, MachineContext context, string taskId) : IMachineDriver, IDisposable
{
    private LedgerHold? hold;

    public AcceleratorChoice? Accelerator => inner.Accelerator;

    public NetworkOutcome? Connection => inner.Connection;

    public StartChoice? Start => inner.Start;

    public DiskOrigin Origin => inner.Origin;

    public GuestNetwork Network => inner.Network;

    public string? Tap => inner.Tap;

    public Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken) => inner.LimitNetworkAsync(bytes, cancellationToken);

    public async Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (hold is null)
        {
            context.Options.Reached?.Invoke("ledger.write:before");
            hold = await new MachineLedger(context.StateDirectory).WriteAsync(Record(), context.Time, cancellationToken);
            context.Options.Reached?.Invoke("ledger.write:after");
        }

        await inner.PrepareAsync(stage, progress, cancellationToken);
    }

    public Task<IMachine> PowerOnAsync(CancellationToken cancellationToken) => inner.PowerOnAsync(cancellationToken);

    public Task AdoptAsync(MachineTask machine, CancellationToken cancellationToken) => inner.AdoptAsync(machine, cancellationToken);

    public Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken) => inner.FreezeAsync(machine, progress, cancellationToken);

    public async Task RemoveAsync()
    {
        await inner.RemoveAsync();
        context.Options.Reached?.Invoke("ledger.settle:before");
        hold?.Settle();
        hold = null;
    }

    /// <summary>After a fault of ours, with the machine's things still there: whoever comes next clears up.</summary>
    public void Dispose() => hold?.Dispose();

    private LedgerRecord Record() => new()
    {
        TaskId = taskId,
        Kind = context.Task.Kind,
        MachineId = context.Task.MachineId,
        ExternalId = context.Task.ExternalId,
        Name = context.Task.Name,
        Network = context.Task.Network,
        Sandbox = context.Sandbox,
        ExecutorPid = Environment.ProcessId,
        ExecutorStartTime = ProcessIdentity.StartTimeOf(Environment.ProcessId),
        Since = context.Time.GetUtcNow(),
    };
}
