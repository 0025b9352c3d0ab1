namespace Drover.Web.Live;

/// <summary>One tick per second for everything on a page that tells a running time. Sleeps while nobody listens.</summary>
internal sealed class Ticker(TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Action> _listeners = [];
    private ITimer? _timer;

    /// <summary>Calls <paramref name="tick"/> each second until the result is disposed.</summary>
    public IDisposable Subscribe(Action tick)
    {
        lock (_gate)
        {
            _listeners.Add(tick);
            _timer ??= time.CreateTimer(_ => Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }

        return new Subscription(this, tick);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _listeners.Clear();
            Stop();
        }
    }

    private void Tick()
    {
        Action[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        foreach (var listener in listeners)
        {
            listener();
        }
    }

    private void Remove(Action tick)
    {
        lock (_gate)
        {
            if (_listeners.Remove(tick) && _listeners.Count == 0)
            {
                Stop();
            }
        }
    }

    private void Stop()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private sealed class Subscription(Ticker ticker, Action tick) : IDisposable
    {
        public void Dispose() => ticker.Remove(tick);
    }
}
