using Drover.Api.Cattle;
using Drover.Web.Session;

namespace Drover.Web.Live;

/// <summary>The one event socket of a circuit: holds <c>/subscribe</c> of the environment that is open, for all feeds; reconnects for ever with <see cref="Backoff"/>.</summary>
internal sealed class EventLink(ApiSession session, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<IEventListener> _listeners = [];
    private CancellationTokenSource? _stop;
    private Task _loops = Task.CompletedTask;
    private string? _environment;

    /// <summary>Events arrive.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Why the last attempt ended; null while all is well.</summary>
    public CattleException? Error { get; private set; }

    public void Join(IEventListener listener)
    {
        lock (_gate)
        {
            if (!_listeners.Contains(listener))
            {
                _listeners.Add(listener);
            }
        }
    }

    /// <summary>Listens in an environment; does nothing when it does so already.</summary>
    public void Open(string environment)
    {
        lock (_gate)
        {
            if (_environment == environment)
            {
                return;
            }

            _stop?.Cancel();
            (_environment, IsOpen, Error) = (environment, false, null);
            var stop = _stop = new CancellationTokenSource();
            var api = session.In(environment);
            _loops = Task.WhenAll(_loops, Task.Run(() => ListenAsync(environment, api, stop.Token)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stop?.Cancel();
        }

        await _loops;
        _stop?.Dispose();
    }

    private async Task ListenAsync(string environment, CattleClient api, CancellationToken stop)
    {
        for (var attempt = 1; !stop.IsCancellationRequested; attempt++)
        {
            try
            {
                void Opened()
                {
                    attempt = 0;
                    Turn(environment, open: true, error: null, stop);
                }

                await foreach (var change in api.SubscribeAsync(["resource.change"], Opened, stop))
                {
                    Tell(l => l.Take(environment, change), stop);
                }

                Turn(environment, open: false, ClosedByServer, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Turn(environment, open: false, FeedSigns.Told(e), stop);
            }

            await Task.Delay(Backoff.Delay(Math.Max(1, attempt), Random.Shared), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Turn(string environment, bool open, CattleException? error, CancellationToken stop)
    {
        lock (_gate)
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            (IsOpen, Error) = (open, error);
        }

        Tell(l => l.LinkTurned(environment), stop);
    }

    private void Tell(Action<IEventListener> say, CancellationToken stop)
    {
        IEventListener[] listeners;
        lock (_gate)
        {
            listeners = stop.IsCancellationRequested ? [] : [.. _listeners];
        }

        foreach (var listener in listeners)
        {
            say(listener);
        }
    }

    private static CattleException ClosedByServer { get; } = new(0, "Closed", "The server closed the connection.", null);
}

/// <summary>Who hears of an environment's events. Called on the socket's thread, in the order of the events.</summary>
internal interface IEventListener
{
    /// <summary>The socket has opened, so that what changed before came without an event; or it is lost.</summary>
    void LinkTurned(string environment);

    void Take(string environment, CattleEvent change);
}
