namespace Drover.Scheduler.Pool;

/// <summary>A machine that could have been a spare's owner.</summary>
internal sealed record PoolAsk(DateTimeOffset At, PoolClass Class);

/// <summary>Which sizes were asked for lately. In memory: a restart begins with the requests that are still known.</summary>
internal sealed class PoolDemand
{
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(30);
    private const int Most = 1000;

    private readonly Queue<PoolAsk> _asks = new();

    public void Add(PoolAsk ask)
    {
        _asks.Enqueue(ask);
        if (_asks.Count > Most)
        {
            _asks.Dequeue();
        }
    }

    public IReadOnlyList<PoolAsk> Since(DateTimeOffset now)
    {
        while (_asks.TryPeek(out var oldest) && now - oldest.At > Memory)
        {
            _asks.Dequeue();
        }

        return [.. _asks];
    }
}
