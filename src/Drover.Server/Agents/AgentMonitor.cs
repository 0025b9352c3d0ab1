using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Agents;

/// <summary>Gives up agents that do not come back.</summary>
internal sealed partial class AgentMonitor(AgentPresence presence, ServerOptions options, TimeProvider time, ILogger<AgentMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogStarted(logger);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                var next = await presence.GiveUpAsync(time.GetUtcNow() - options.ReconnectTimeout, stoppingToken);
                failures = 0;
                var longest = time.GetUtcNow() + Longest;
                await presence.Lost.WaitAsync(next + options.ReconnectTimeout is { } due && due < longest ? due : longest, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                failures++;
                LogFailed(logger, e, failures);
                await presence.Lost.WaitAsync(time.GetUtcNow().AddSeconds(Math.Min(30, failures)), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        LogStopped(logger);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Watching for lost agents")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No longer watching for lost agents")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for lost agents failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);
}
