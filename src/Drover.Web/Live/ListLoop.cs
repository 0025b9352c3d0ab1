using System.Threading.Channels;
using Drover.Api.Cattle;

namespace Drover.Web.Live;

/// <summary>Reads from the server again and again: when nudged, when due, and after a failure with growing pauses.</summary>
internal sealed class ListLoop(TimeProvider time, TimeSpan look)
{
    private readonly Channel<bool> _nudge = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Has the next reading begin now.</summary>
    public void Nudge() => _nudge.Writer.TryWrite(true);

    /// <summary>Runs until it is stopped.</summary>
    /// <param name="told">Hears of each reading's end: null, or what went wrong.</param>
    /// <param name="due">Asked each <c>look</c>, with the time since the last reading.</param>
    public async Task RunAsync(Func<CancellationToken, Task> read, Action<CattleException?> told, Func<TimeSpan, bool> due, CancellationToken stop)
    {
        for (var failures = 0; !stop.IsCancellationRequested;)
        {
            try
            {
                await read(stop);
                failures = 0;
                told(null);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                failures++;
                told(FeedSigns.Told(e));
            }

            await NextAsync(failures, due, stop);
        }
    }

    private async Task NextAsync(int failures, Func<TimeSpan, bool> due, CancellationToken stop)
    {
        if (failures > 0)
        {
            await Task.Delay(Backoff.Delay(failures, Random.Shared), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        var read = time.GetUtcNow();
        while (!stop.IsCancellationRequested && !await NudgedAsync(stop) && !due(time.GetUtcNow() - read))
        {
            // Not yet.
        }
    }

    private async Task<bool> NudgedAsync(CancellationToken stop)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var nudge = _nudge.Reader.ReadAsync(waiting.Token).AsTask();
        var pause = Task.Delay(look, time, waiting.Token);
        var first = await Task.WhenAny(nudge, pause);
        await waiting.CancelAsync();
        await Task.WhenAll(nudge, pause).ContinueWith(static _ => { }, TaskScheduler.Default);
        return first == nudge || nudge.IsCompletedSuccessfully;
    }
}
