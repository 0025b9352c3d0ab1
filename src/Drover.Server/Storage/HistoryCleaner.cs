using Drover.Server.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Storage;

/// <summary>Deletes, some time after their end, rows that only tell of the past: ended processes and logins, purged machines and what went with them.</summary>
/// <remarks>The audit log is never touched.</remarks>
internal sealed partial class HistoryCleaner(Database database, ServerOptions options, TimeProvider time, ILogger<HistoryCleaner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Deletes what ended before <paramref name="before"/>; returns how many rows.</summary>
    public async Task<int> CleanAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var count = await db.Processes.Where(p => p.EndTime < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Sessions.Where(s => s.ExpiresAt < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Machines.Where(m => m.Removed < before && (m.State == "purged" || m.Kind == "physicalHost")).ExecuteDeleteAsync(cancellationToken);
        count += await db.Hosts.Where(h => h.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Agents.Where(a => a.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Registers.Where(r => r.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Credentials.Where(c => c.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.ExternalHandlerMaps.Where(m => m.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.ExternalHandlers.Where(h => h.Removed < before).ExecuteDeleteAsync(cancellationToken);
        count += await db.Accounts.Where(a => a.Removed < before && a.Kind == AccountKinds.Agent).ExecuteDeleteAsync(cancellationToken);
        return count;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var failures = 0; ;)
        {
            try
            {
                if (!await timer.WaitForNextTickAsync(stoppingToken))
                {
                    return;
                }

                var count = await CleanAsync(time.GetUtcNow() - options.HistoryRetention, stoppingToken);
                LogCleaned(logger, count);
                failures = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The next hour is back-off enough.
                LogFailed(logger, e, ++failures);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Deleted {Count} rows of the past")]
    private static partial void LogCleaned(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Deleting rows of the past failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);
}
