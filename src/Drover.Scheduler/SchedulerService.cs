using Drover.Mesos;
using Drover.Scheduler.Artifacts;
using Drover.Scheduler.Cattle;
using Drover.Scheduler.Session;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler;

/// <summary>Keeps a <see cref="SchedulerRun"/> going: when one ends by a fault, the next begins from what is stored.</summary>
internal sealed partial class SchedulerService(
    SchedulerOptions options, ArtifactCatalog catalog, SchedulerStatus status, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger("Drover.Scheduler");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's other parts start meanwhile; the server may be one of them.
        await Task.Yield();
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
        var hashing = Task.Run(catalog.ScanAsync, CancellationToken.None);
        var parts = new SchedulerParts { Http = http, Catalog = catalog, Status = status, Time = time, Logger = _logger, Link = Connect, Reached = options.Reached };
        await KeepRunningAsync(parts, stoppingToken);
        await hashing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task KeepRunningAsync(SchedulerParts parts, CancellationToken stoppingToken)
    {
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            var began = time.GetTimestamp();
            try
            {
                await using var run = new SchedulerRun(options, parts);
                await run.RunAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (SteppedDownException e)
            {
                LogSteppedDown(e.Message);
                return;
            }
            catch (Exception e)
            {
                failures = time.GetElapsedTime(began) > Retry.Cap ? 1 : failures + 1;
                LogFailed(e, failures);
                await Task.Delay(Retry.Delay(failures), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private MasterLink Connect(Func<FrameworkSubscription> subscription) => new(new SchedulerConnection(
        new SchedulerConnectionOptions
        {
            Detector = MasterAddress.CreateDetector(options.MesosMaster),
            Subscription = subscription,
            Authorization = options.Principal is null ? null : MesosAuthorizations.Basic(options.Principal, options.Secret ?? ""),
        },
        time,
        _logger));

    [LoggerMessage(Level = LogLevel.Error, Message = "The scheduler failed ({Failures} times in a row) and starts anew from what is stored")]
    private partial void LogFailed(Exception exception, int failures);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Text}")]
    private partial void LogSteppedDown(string text);
}
