using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Events;

/// <summary>Turns changed rows into <c>resource.change</c> events: at most ten per resource and second, at once as long as there were fewer. Cattle
/// sends one a second (cattle-api §2.3), which would be most of what a warm host takes to come up.</summary>
/// <remarks>Each subscriber gets the resource as a GET of his would show it, and only of types and rows that he may read. With nobody listening nothing is read.</remarks>
internal sealed partial class ChangeFeed(Database database, Lazy<ResourceRegistry> registry, EventHub hub, TimeProvider time, ILogger<ChangeFeed> logger) : BackgroundService
{
    private const string Name = "resource.change";
    private readonly ConcurrentDictionary<RowChange, bool> _changed = new();
    private readonly EventAllowance _allowance = new();
    private readonly WakeSignal _wake = new(time);

    /// <summary>A resource looks different now, also for reasons outside the database. Never blocks.</summary>
    public void Note(RowChange change)
    {
        _changed[change] = true;
        _wake.Set();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        database.Changed += Note;
        LogStarted(logger);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                var next = await FlushAsync(stoppingToken);
                failures = 0;
                await _wake.WaitAsync(next, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                failures++;
                LogFailed(logger, e, failures);
                await _wake.WaitAsync(time.GetUtcNow().AddSeconds(Math.Min(30, failures)), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        database.Changed -= Note;
        LogStopped(logger);
    }

    /// <summary>Sends what may be sent now and says when the next may be.</summary>
    private async Task<DateTimeOffset> FlushAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        _allowance.Forget(now);
        var next = now.AddSeconds(60);
        foreach (var change in _changed.Keys)
        {
            if (!hub.HasAnyListener(Name))
            {
                _changed.TryRemove(change, out _);
            }
            else if (_allowance.TryTake(change, now, out var free))
            {
                _changed.TryRemove(change, out _);
                await SendAsync(change, cancellationToken);
            }
            else
            {
                next = free < next ? free : next;
            }
        }

        return next;
    }

    private async Task SendAsync(RowChange change, CancellationToken cancellationToken)
    {
        if (registry.Value.TableOf(change.Table) is not { } table)
        {
            return;
        }

        await using var db = database.Open();
        if (await table.FindRowAsync(db, change.Id, cancellationToken) is not { } row || registry.Value.TypeOf(row) is not { } type || row.State is "purging" or "purged")
        {
            return;
        }

        foreach (var subscriber in hub.Listeners(Name).Concat(hub.Listeners($"{Name};account={row.AccountId}")).Distinct())
        {
            if (type.VerbsOf(subscriber.Output.Role).HasFlag(Verbs.Read))
            {
                subscriber.Offer(new EventMessage
                {
                    Id = Guid.NewGuid().ToString(),
                    Name = Name,
                    ResourceType = type.Name,
                    ResourceId = Ids.Format(type.IdLetters, row.Id),
                    Data = new JsonObject { ["resource"] = type.Write(row, subscriber.Output) },
                    Time = time.GetUtcNow(),
                });
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Change events are on")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Change events are off")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sending changes failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);
}
