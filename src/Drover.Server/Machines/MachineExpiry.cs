using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Machines;

/// <summary>Removes machines whose date has come, by the same process as a person's removal.</summary>
internal sealed class MachineExpiry(Database database, ProcessEngine engine, TimeProvider time)
{
    /// <summary>Set when a machine came, or its date or protection changed.</summary>
    public WakeSignal Changed { get; } = new(time);

    /// <summary>Starts the removals that are due; returns the machines and when the next one is.</summary>
    public async Task<(IReadOnlyList<string> Removed, DateTimeOffset? Next)> ActAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        List<long> due;
        await using (var db = database.Open())
        {
            due = await Waiting(db).Where(m => m.DeleteAt <= now).Select(m => m.Id).ToListAsync(cancellationToken);
        }

        var removed = new List<string>();
        foreach (var id in due)
        {
            if (await database.RunAsync(db => RemoveAsync(db, id, now, cancellationToken), cancellationToken) is { } name)
            {
                removed.Add(name);
            }
        }

        await using var after = database.Open();
        return (removed, await Waiting(after).MinAsync(m => m.DeleteAt, cancellationToken));
    }

    private static IQueryable<MachineRow> Waiting(AppDb db) =>
        db.Machines.Where(m => m.DeleteAt != null && !m.Protected && m.Removed == null && m.State != "removing");

    private async Task<string?> RemoveAsync(AppDb db, long id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Read again: somebody may have put it off or protected it in between.
        if (await Waiting(db).FirstOrDefaultAsync(m => m.Id == id && m.DeleteAt <= now, cancellationToken) is not { } machine)
        {
            return null;
        }

        await MachineRemoval.StartAsync(db, engine, machine, cancellationToken);
        await db.StoreAsync("machine.expired", cancellationToken);
        return machine.Name;
    }
}

/// <summary>Waits for the dates of <see cref="MachineExpiry"/>.</summary>
internal sealed partial class MachineExpiryLoop(MachineExpiry expiry, TimeProvider time, ILogger<MachineExpiryLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogStarted(logger);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            var next = time.GetUtcNow() + Longest;
            try
            {
                var (removed, due) = await expiry.ActAsync(stoppingToken);
                foreach (var name in removed)
                {
                    LogExpired(logger, name);
                }

                failures = 0;
                next = due < next ? due.Value : next;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogFailed(logger, e, ++failures);
                next = time.GetUtcNow().AddSeconds(Math.Min(30, failures));
            }

            await expiry.Changed.WaitAsync(next, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        LogStopped(logger);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Watching for machines to be removed by date")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No longer watching for machines to be removed by date")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {Name} is removed: its date has come")]
    private static partial void LogExpired(ILogger logger, string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "Removing machines by date failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);
}
