using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Hosts;

/// <summary>Stores the hosts' past each few minutes, and once more when the server stops.</summary>
internal sealed partial class LoadKeeper(LoadPast past, TimeProvider time, ILogger<LoadKeeper> logger) : BackgroundService
{
    /// <summary>What a killed server may lose.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(3);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await KeepAsync(all: true, 0, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var failures = 0; await TickAsync(timer, stoppingToken);)
        {
            failures = await KeepAsync(all: false, failures, stoppingToken) ? 0 : failures + 1;
        }
    }

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> KeepAsync(bool all, int failures, CancellationToken cancellationToken)
    {
        try
        {
            await past.KeepAsync(all, cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            // It stays in memory; the next interval is back-off enough.
            LogFailed(logger, e, failures + 1);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Storing the loads of hosts failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);
}
