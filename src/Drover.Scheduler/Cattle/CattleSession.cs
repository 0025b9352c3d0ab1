using Drover.Api.Cattle;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>The connection to the server: registers the handler, takes events, makes up for lost ones, and comes back for ever.</summary>
internal sealed partial class CattleSession(
    CattleClient client, HandlerRegistration registration, MachineCensus census, ConsoleReader console, UsageReader usage, TrialAnswers trials, PoolSync pool, LiveState live, ISchedulerInput input, TimeProvider time, ILogger logger)
{
    /// <summary>Events that were lost without the connection being lost (a full queue on the server's side) are found by this.</summary>
    private static readonly TimeSpan s_censusPeriod = TimeSpan.FromMinutes(5);

    /// <summary>Questions answered at once; the server asks again for what is over.</summary>
    private const int MostAnswers = 32;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        LogStarted();
        for (var failures = 0; ; failures++)
        {
            var opened = false;
            string reason;
            try
            {
                await registration.EnsureAsync(cancellationToken);
                await ReceiveAsync(() => opened = true, cancellationToken);
                reason = "the server closed the event stream";
            }
            catch (CattleException e)
            {
                reason = e.Message;
            }

            live.ServerConnected = false;
            failures = opened ? 0 : failures;
            var delay = Retry.Delay(failures);
            LogDisconnected(reason, failures + 1, (long)delay.TotalMilliseconds);
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private async Task ReceiveAsync(Action opened, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var isOpen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var catchingUp = CatchUpAsync(isOpen.Task, ended.Token);
        var answering = new HashSet<Task>();
        try
        {
            var events = client.SubscribeAsync(registration.EventNames, () =>
            {
                opened();
                live.ServerConnected = true;
                LogConnected(client.Root);
                isOpen.TrySetResult();
            }, cancellationToken);
            await foreach (var e in events)
            {
                if (Answerer(e.BaseName) is { } answer)
                {
                    answering.RemoveWhere(t => t.IsCompleted);
                    if (answering.Count < MostAnswers)
                    {
                        answering.Add(answer(e, ended.Token));
                    }
                }
                else if (e.BaseName == PoolSync.Event)
                {
                    pool.Nudge();
                }
                else if (SchedulerLoop.ServerEvents.Contains(e.BaseName))
                {
                    await input.PostAsync(new SchedulerInput.ServerEvent(e), cancellationToken);
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll([catchingUp, .. answering]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Who answers questions of this name; null for what is no question.</summary>
    private Func<CattleEvent, CancellationToken, Task>? Answerer(string name) => name switch
    {
        HandlerRegistration.ConsoleEvent => console.AnswerAsync,
        HandlerRegistration.UsageEvent => usage.AnswerAsync,
        HandlerRegistration.TrialEvent => trials.AnswerAsync,
        _ => null,
    };

    /// <summary>Only once the subscription stands: what changes after the list was made then comes as an event.</summary>
    private async Task CatchUpAsync(Task isOpen, CancellationToken cancellationToken)
    {
        await isOpen.WaitAsync(cancellationToken);
        for (var failures = 0; ;)
        {
            var delay = s_censusPeriod;
            try
            {
                var known = live.Requests;
                await input.PostAsync(new SchedulerInput.ServerListed(await census.TakeAsync(known.Keys, cancellationToken)), cancellationToken);
                failures = 0;
            }
            catch (CattleException e)
            {
                delay = Retry.Delay(failures++);
                LogNoCensus(e.Message, failures);
            }

            await Task.Delay(delay, time, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Server session started")]
    private partial void LogStarted();

    [LoggerMessage(Level = LogLevel.Information, Message = "Receiving events of {Server}")]
    private partial void LogConnected(Uri server);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No event stream: {Reason}. Attempt {Attempt}, next in {DelayMs} ms")]
    private partial void LogDisconnected(string reason, int attempt, long delayMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The server's machines could not be listed: {Problem}. Attempt {Attempt}")]
    private partial void LogNoCensus(string problem, int attempt);
}
