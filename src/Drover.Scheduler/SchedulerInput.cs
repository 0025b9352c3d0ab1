using Drover.Api.Cattle;
using Drover.Mesos;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler;

/// <summary>Everything that the loop hears.</summary>
internal abstract record SchedulerInput
{
    private SchedulerInput()
    {
    }

    public sealed record Master(SchedulerSignal Signal) : SchedulerInput;

    public sealed record ServerEvent(CattleEvent Event) : SchedulerInput;

    /// <param name="States">State by machine id; null: the server no longer has it.</param>
    public sealed record ServerListed(IReadOnlyDictionary<string, string?> States) : SchedulerInput;

    public sealed record MachineLoaded(string MachineId, MachineLoad Load) : SchedulerInput;

    /// <summary>What the pool is to keep, as the server has it.</summary>
    public sealed record PoolSettingsRead(PoolSettings Settings) : SchedulerInput;

    /// <param name="Supply">Null: there is no such image at present.</param>
    public sealed record PoolSupplied(string Image, PoolSupply? Supply) : SchedulerInput;

    public sealed record Delivered(long OutboxId) : SchedulerInput;

    /// <summary>Somebody beside the loop wants to know where something would fit.</summary>
    public sealed record ClusterAsked(TaskCompletionSource<KnownCluster> Answer) : SchedulerInput;

    /// <summary>Time has passed.</summary>
    public sealed record Tick : SchedulerInput;
}

/// <summary>The loop's ear.</summary>
internal interface ISchedulerInput
{
    /// <summary>Waits while the loop is far behind.</summary>
    ValueTask PostAsync(SchedulerInput input, CancellationToken cancellationToken);
}
