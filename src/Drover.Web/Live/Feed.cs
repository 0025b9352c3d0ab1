using Drover.Api.Cattle;
using Drover.Web.Session;

namespace Drover.Web.Live;

/// <summary>Keeps a model of the open environment up to date: one per circuit and kind of thing.</summary>
/// <remarks>
/// Lists are read at once, whenever the <see cref="EventLink"/> turns (what changed while it was closed came without an event), and when the feed
/// finds it due; in between events change the model. <see cref="Changed"/> is raised at most each <see cref="Calm"/>.
/// </remarks>
internal abstract class Feed<TModel> : IEventListener, IAsyncDisposable
    where TModel : class, new()
{
    public static readonly TimeSpan ShortCalm = TimeSpan.FromMilliseconds(150);

    private readonly Lock _gate = new();
    private readonly ApiSession _session;
    private readonly EventLink _link;
    private readonly CalmSignal _signal;
    private readonly TimeSpan _look;
    private CancellationTokenSource? _stop;
    private ListLoop _loop;
    private Task _loops = Task.CompletedTask;
    private CattleException? _listError;

    /// <param name="look">How often it is asked whether a reading is due.</param>
    protected Feed(ApiSession session, EventLink link, TimeProvider time, TimeSpan look)
    {
        (_session, _link, _look, Time) = (session, link, look, time);
        _signal = new CalmSignal(time, () => Changed?.Invoke(this, EventArgs.Empty));
        _loop = new ListLoop(time, look);
    }

    /// <summary>Raised on any thread after a change of <see cref="Model"/>, <see cref="State"/> or <see cref="Problem"/>.</summary>
    public event EventHandler? Changed;

    public TModel Model { get; private set; } = new();

    public string? Environment { get; private set; }

    public FeedState State => Signs.State;

    /// <summary>Why the last attempt failed, in a sentence; null while all is well.</summary>
    public string? Problem => Signs.Problem;

    /// <summary>How long a change may wait to be shown together with others.</summary>
    protected virtual TimeSpan Calm => ShortCalm;

    protected TimeProvider Time { get; }

    /// <summary>It is known whether events arrive.</summary>
    protected bool LinkTried => _link.IsOpen || _link.Error is not null;

    private FeedSigns Signs => new() { Open = _link.IsOpen, SocketError = _link.Error, ListError = _listError };

    /// <summary>Starts to follow an environment; does nothing when that one is followed already.</summary>
    public void Open(string environment)
    {
        lock (_gate)
        {
            if (Environment == environment)
            {
                return;
            }

            _stop?.Cancel();
            var model = new TModel();
            (Environment, Model, _listError) = (environment, model, null);
            var loop = _loop = new ListLoop(Time, _look);
            var stop = _stop = new CancellationTokenSource();
            var api = _session.In(environment);
            _link.Join(this);
            _link.Open(environment);
            _loops = Task.WhenAll(_loops, Task.Run(() => loop.RunAsync(token => ReadAsync(api, model, token), e => Note(e, model), Due, stop.Token)));
        }
    }

    /// <summary>Reads the lists now.</summary>
    public void Refresh() => _loop.Nudge();

    public void LinkTurned(string environment)
    {
        if (environment == Environment)
        {
            Refresh();
            Raise();
        }
    }

    public void Take(string environment, CattleEvent change)
    {
        if (environment != Environment)
        {
            return;
        }

        if (change.BaseName == "logout")
        {
            Note(new CattleException(401, "Unauthorized", "The session has ended.", null), Model);
            Refresh();
        }
        else if (change.BaseName == "resource.change")
        {
            Take(change, Model);
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

    /// <summary>Brings the model to what the server lists now.</summary>
    protected abstract Task ReadAsync(CattleClient api, TModel model, CancellationToken stop);

    /// <summary>Whether to read again.</summary>
    protected abstract bool Due(TimeSpan sinceRead);

    /// <summary>Applies a <c>resource.change</c> of any type; raises when it is of a type that this feed keeps.</summary>
    protected abstract void Take(CattleEvent change, TModel model);

    protected void Raise() => _signal.Raise(Calm);

    private void Note(CattleException? error, TModel model)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(model, Model))
            {
                return;
            }

            _listError = error;
        }

        Raise();
    }
}
