using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Processes;

/// <summary>Takes processes further: those that were nudged, and those whose time has come.</summary>
internal sealed partial class ProcessLoop(Database database, ProcessEngine engine, ProcessTally tally, ServerIdentity server, TimeProvider time, ILogger<ProcessLoop> logger) : BackgroundService
{
    private const int Batch = 200;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Processes whose step threw, and until when they are left alone, so that one cannot stop the others.</summary>
    private readonly Dictionary<long, (int Failures, DateTimeOffset Until)> _troubled = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogStarted(logger);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                var next = await TickAsync(stoppingToken);
                failures = 0;
                await engine.Wake.WaitAsync(next, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                failures++;
                LogTickFailed(logger, e, failures);
                await engine.Wake.WaitAsync(time.GetUtcNow() + Pause(failures), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        LogStopped(logger);
    }

    /// <summary>Runs what is due and says when to look again.</summary>
    private async Task<DateTimeOffset> TickAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var work = (await engine.TakeReadyAsync(cancellationToken)).ToDictionary(w => w.Id, w => w.Resend);
            var (due, next) = await DueAsync(cancellationToken);
            foreach (var id in due)
            {
                work.TryAdd(id, false);
            }

            if (work.Count == 0)
            {
                return next;
            }

            foreach (var (id, resend) in work)
            {
                await AdvanceAsync(id, resend, cancellationToken);
            }
        }
    }

    private async Task<(List<long> Due, DateTimeOffset Next)> DueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = database.Open();
        var open = db.Processes.AsNoTracking().Where(p => p.DueAt != null && (p.LockOwner == null || p.LockOwner == server.Id || p.LockedUntil <= now));
        var due = await open.Where(p => p.DueAt <= now).OrderBy(p => p.DueAt).Select(p => p.Id).Take(Batch + _troubled.Count).ToListAsync(cancellationToken);
        due.RemoveAll(id => _troubled.TryGetValue(id, out var trouble) && trouble.Until > now);
        if (due.Count > 0)
        {
            return (due, now);
        }

        var next = await open.Where(p => p.DueAt > now).MinAsync(p => p.DueAt, cancellationToken);
        var longest = now + (_troubled.Count > 0 ? TimeSpan.FromSeconds(1) : Longest);
        return (due, next < longest ? next.Value : longest);
    }

    private async Task AdvanceAsync(long id, bool resend, CancellationToken cancellationToken)
    {
        try
        {
            await engine.AdvanceAsync(id, resend, cancellationToken);
            _troubled.Remove(id);
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tally.StepThrew();
            var failures = _troubled.GetValueOrDefault(id).Failures + 1;
            _troubled[id] = (failures, time.GetUtcNow() + Pause(failures));
            LogStepFailed(logger, e, id, failures);
        }
    }

    private static TimeSpan Pause(int failures) => TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, Math.Min(failures, 5))));

    [LoggerMessage(Level = LogLevel.Information, Message = "Processes are running")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "Processes have stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for processes failed ({Failures} in a row)")]
    private static partial void LogTickFailed(ILogger logger, Exception exception, int failures);

    [LoggerMessage(Level = LogLevel.Error, Message = "Process {ProcessId} failed in a step ({Failures} in a row)")]
    private static partial void LogStepFailed(ILogger logger, Exception exception, long processId, int failures);
}
