using System.Collections.Immutable;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Storage;

namespace Drover.Scheduler;

/// <summary>What the loop lets be done, once it is stored.</summary>
internal interface ISchedulerActions
{
    /// <summary>At the start of a run: what is still to be sent, and which machines are to be read again.</summary>
    void Resume(IEnumerable<OutboxItem> outbox, IEnumerable<string> toPrepare);

    ValueTask ActAsync(Turn turn, CancellationToken cancellationToken);

    /// <summary>What the server may show of a machine now.</summary>
    void Show(MachineRequest request, MachineView view);

    /// <summary>What the server may show of the pool now.</summary>
    void ShowPool(ImmutableDictionary<string, PoolMember> members);
}

/// <summary>Another scheduler has subscribed with our framework id: this one must not act any more.</summary>
internal sealed class SteppedDownException() : Exception("Another scheduler has taken over the framework; this one stands by.");

/// <summary>The run has to begin anew from what is stored.</summary>
internal sealed class SchedulerRestartException(string message) : Exception(message);
