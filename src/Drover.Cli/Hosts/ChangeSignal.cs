using System.Threading.Channels;
using Drover.Api.Cattle;

namespace Drover.Cli.Hosts;

/// <summary>Wakes a waiter when something in an environment changed. An event is only a nudge: what is true is read by GET afterwards.</summary>
/// <remarks>Without a subscription (refused by a proxy, or broken off) the waiter is woken by time instead, more often than with one.
/// The subscription is opened again with growing pauses, for ever.</remarks>
internal sealed class ChangeSignal : IAsyncDisposable
{
    private static readonly TimeSpan PollWithSubscription = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollWithout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly Channel<bool> _nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly CattleClient _environment;
    private readonly TimeProvider _time;
    private readonly Task _listening;
    private volatile bool _open;

    public ChangeSignal(CattleClient environment, TimeProvider time)
    {
        _environment = environment;
        _time = time;
        _listening = ListenAsync(_stop.Token);
    }

    /// <summary>Returns at the next change, or after a while at most.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, _open ? PollWithSubscription : PollWithout, Timeout.InfiniteTimeSpan);
        try
        {
            await _nudges.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to look, with or without an event.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        _stop.Dispose();
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        for (var failures = 0; !cancellationToken.IsCancellationRequested; failures++)
        {
            try
            {
                await foreach (var change in _environment.SubscribeAsync(["resource.change"], Opened, cancellationToken))
                {
                    failures = 0;
                    if (change.BaseName == "resource.change")
                    {
                        _nudges.Writer.TryWrite(true);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (CattleException)
            {
                // Polling goes on; see the remarks.
            }

            _open = false;
            var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures), LongestPause.TotalSeconds));
            await Task.Delay(pause, _time, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private void Opened()
    {
        _open = true;

        // Whatever changed before the socket was open is found by the look that this causes.
        _nudges.Writer.TryWrite(true);
    }
}
