using System.Collections.Concurrent;
using Drover.Server.Events;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Processes;

/// <summary>Durable processes: state transitions of resources that external handlers take part in (cattle-api §2.5, §3.1).</summary>
/// <remarks>
/// <code>
/// requested → handlers ⇄ waiting → completing → ended
///                 ↑ back-off ↲
/// </code>
/// A process is a row, and every step is one durable write: what is to be sent is stored before it is sent, what was answered before the next
/// step. So the server may die anywhere and goes on from the row. Nothing waits in memory: replies (<see cref="ProcessReplies"/>), deadlines and
/// nudges are events that take the row one step further. Two servers on one database never take the same step, because each step is a
/// compare-and-set on the row's version; the lease only keeps them from trying.
/// </remarks>
internal sealed class ProcessEngine(Database database, ProcessCatalog catalog, ProcessSteps steps, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, bool> _ready = new();
    private readonly ConcurrentQueue<Subscription> _arrived = new();

    public WakeSignal Wake { get; } = new(time);

    /// <summary>Stores a process to be run after <paramref name="delay"/>; the caller's write makes it real.</summary>
    public void Schedule(AppDb db, ResourceRow row, string process, TimeSpan delay = default)
    {
        db.Processes.Add(steps.NewProcess(catalog[process], row, Phases.Requested, time.GetUtcNow() + delay));
        db.AfterCommit(Wake.Set);
    }

    /// <summary>Starts a process in the caller's own write: the resource is in the process's state at once. False where it may not start.</summary>
    public bool TryStart(AppDb db, ResourceRow row, string process)
    {
        if (!ProcessSteps.Begin(catalog[process], row))
        {
            return false;
        }

        db.Processes.Add(steps.NewProcess(catalog[process], row, Phases.Handlers, time.GetUtcNow()));
        db.AfterCommit(Wake.Set);
        return true;
    }

    /// <summary>Ends whatever runs for a resource, for a process that takes its place.</summary>
    public async Task CancelAsync(AppDb db, string resourceType, long resourceId, string reason, CancellationToken cancellationToken)
    {
        foreach (var process in await db.Processes.Where(p => p.ResourceType == resourceType && p.ResourceId == resourceId && p.EndTime == null).ToListAsync(cancellationToken))
        {
            steps.End(db, process, ExitReasons.Cancelled, reason);
        }
    }

    /// <summary>Something that a resource's process may wait for happens with the present write.</summary>
    public async Task NudgeAsync(AppDb db, string resourceType, long resourceId, CancellationToken cancellationToken)
    {
        var ids = await db.Processes.Where(p => p.ResourceType == resourceType && p.ResourceId == resourceId && p.EndTime == null).Select(p => p.Id).ToListAsync(cancellationToken);
        db.AfterCommit(() => ids.ForEach(Ready));
    }

    /// <summary>A subscriber is there: what it should have heard is sent again, without waiting for the time-out.</summary>
    public void Subscribed(Subscription subscription)
    {
        _arrived.Enqueue(subscription);
        Wake.Set();
    }

    /// <summary>Handlers came or went with the present write: processes that they take part in look again.</summary>
    public async Task HandlersChangedAsync(AppDb db, IReadOnlyCollection<string> processes, CancellationToken cancellationToken)
    {
        var ids = await db.Processes.Where(p => p.EndTime == null && processes.Contains(p.ProcessName) && p.Phase != Phases.Requested).Select(p => p.Id).ToListAsync(cancellationToken);
        db.AfterCommit(() => ids.ForEach(Ready));
    }

    /// <summary>Lets the loop look at a process now.</summary>
    public void Ready(long processId)
    {
        _ready.TryAdd(processId, false);
        Wake.Set();
    }

    /// <summary>Takes the processes that were nudged; true for those whose event must be sent again.</summary>
    public async Task<IReadOnlyList<(long Id, bool Resend)>> TakeReadyAsync(CancellationToken cancellationToken)
    {
        while (_arrived.TryDequeue(out var subscription))
        {
            await using var db = database.Open();
            var open = await db.Processes.AsNoTracking()
                .Where(p => p.EndTime == null && (p.Phase == Phases.Waiting || p.Phase == Phases.Handlers))
                .Select(p => new { p.Id, p.EventName, p.Phase, p.ProcessName })
                .ToListAsync(cancellationToken);
            foreach (var process in open)
            {
                if (process.Phase == Phases.Waiting && subscription.Wants(process.EventName!))
                {
                    _ready[process.Id] = true;
                }
                else if (process.Phase == Phases.Handlers && subscription.Names.Any(n => n.StartsWith(process.ProcessName + ";", StringComparison.Ordinal)))
                {
                    _ready.TryAdd(process.Id, false);
                }
            }
        }

        var taken = new List<(long, bool)>();
        foreach (var id in _ready.Keys)
        {
            if (_ready.TryRemove(id, out var resend))
            {
                taken.Add((id, resend));
            }
        }

        return taken;
    }

    /// <summary>Takes a process as far as it goes now.</summary>
    public async Task AdvanceAsync(long processId, bool resend, CancellationToken cancellationToken)
    {
        while (await database.RunAsync(db => steps.StepAsync(db, processId, resend, cancellationToken), cancellationToken))
        {
            resend = false;
        }
    }
}
