using Drover.Api.Cattle;
using Drover.Web.Hosts;
using Drover.Web.Pool;
using Drover.Web.Session;

namespace Drover.Web.Live;

/// <summary>Keeps one <see cref="HostsModel"/> up to date: one per circuit, for the environment that is open.</summary>
/// <remarks>
/// Two loops. One holds <c>/subscribe</c> and applies <c>resource.change</c>; it reconnects for ever with <see cref="Backoff"/>. The other
/// reads the lists: at once, whenever the socket opens (what changed while it was closed came without an event), each
/// <see cref="LoadInterval"/> while hosts run or events do not arrive, and each <see cref="SafetyInterval"/> in any case.
/// <see cref="Changed"/> is raised at most each <see cref="Calm"/>.
/// </remarks>
internal sealed class HostsFeed(ApiSession session, TimeProvider time) : IAsyncDisposable
{
    public static readonly TimeSpan LoadInterval = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan SafetyInterval = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(150);

    private static readonly KeyValuePair<string, string>[] Present = [new("removed_null", "1"), new("limit", "1000")];

    private readonly Lock _gate = new();
    private CancellationTokenSource? _stop;
    private Task _loops = Task.CompletedTask;
    private SemaphoreSlim _refresh = new(0, 1);
    private DateTimeOffset _lastLoad;
    private FeedSigns _signs = new();
    private int _scheduled;

    /// <summary>Raised on any thread after a change of <see cref="Model"/>, <see cref="State"/> or <see cref="Problem"/>.</summary>
    public event EventHandler? Changed;

    public HostsModel Model { get; private set; } = new();

    /// <summary>Templates and spares, as they were last read: with the lists.</summary>
    public PoolView Pool { get; private set; } = PoolView.Empty;

    public string? Environment { get; private set; }

    public FeedState State => _signs.State;

    /// <summary>Why the last attempt failed, in a sentence; null while all is well.</summary>
    public string? Problem => _signs.Problem;

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
            Environment = environment;
            Model = new HostsModel();
            _signs = new FeedSigns();
            _refresh = new SemaphoreSlim(0, 1);
            _stop = new CancellationTokenSource();
            var run = new Run(session.In(environment), Model, _refresh, _stop.Token);
            _loops = Task.WhenAll(_loops, Task.Run(() => SubscribeAsync(run)), Task.Run(() => RefreshAsync(run)));
        }
    }

    /// <summary>Takes the answer to something that this page just did, ahead of its event.</summary>
    public void Apply(CattleResource resource)
    {
        if (Model.Apply(resource))
        {
            Raise();
        }
    }

    /// <summary>Reads the lists now.</summary>
    public void Refresh() => Nudge(_refresh);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stop?.Cancel();
        }

        await _loops;
        _stop?.Dispose();
    }

    private async Task SubscribeAsync(Run run)
    {
        for (var attempt = 1; !run.Stop.IsCancellationRequested; attempt++)
        {
            try
            {
                void Opened()
                {
                    attempt = 0;
                    Note(run, s => s with { Open = true, SocketError = null });
                    Nudge(run.Refresh);
                }

                await foreach (var change in run.Api.SubscribeAsync(["resource.change"], Opened, run.Stop))
                {
                    Apply(run, change);
                }

                Note(run, s => s with { Open = false, SocketError = ClosedByServer });
            }
            catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Note(run, s => s with { Open = false, SocketError = Told(e) });
            }

            Nudge(run.Refresh);
            await PauseAsync(Backoff.Delay(Math.Max(1, attempt), Random.Shared), run.Stop);
        }
    }

    private async Task RefreshAsync(Run run)
    {
        for (var failures = 0; !run.Stop.IsCancellationRequested;)
        {
            try
            {
                var mark = run.Model.Mark();
                var machines = run.Api.ListAsync("machines", Present, run.Stop);
                var hosts = run.Api.ListAsync("hosts", Present, run.Stop);
                run.Model.Replace(await machines, await hosts, mark);
                failures = 0;
                _lastLoad = time.GetUtcNow();
                Note(run, s => s with { ListError = null });
                await ReadPoolAsync(run);
            }
            catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                failures++;
                Note(run, s => s with { ListError = Told(e) });
            }

            await NextRefreshAsync(run, failures);
        }
    }

    /// <summary>A server that knows of no pool does not take the hosts from the page.</summary>
    private async Task ReadPoolAsync(Run run)
    {
        try
        {
            Pool = PoolView.Of(await run.Api.ListAsync("pools", run.Stop));
            Raise();
        }
        catch (CattleException)
        {
            Pool = PoolView.Empty;
        }
    }

    /// <summary>Waits for a nudge or for the time of the next reading. Fresh loads by event put it off.</summary>
    private async Task NextRefreshAsync(Run run, int failures)
    {
        if (failures > 0)
        {
            await PauseAsync(Backoff.Delay(failures, Random.Shared), run.Stop);
            return;
        }

        var read = time.GetUtcNow();
        while (!run.Stop.IsCancellationRequested)
        {
            if (await NudgedAsync(run, LoadInterval))
            {
                return;
            }

            var now = time.GetUtcNow();
            var stale = State != FeedState.Live || (now - _lastLoad >= LoadInterval && run.Model.Hosts.Any(h => h.Load is not null || h.HostId is not null));
            if (stale || now - read >= SafetyInterval)
            {
                return;
            }
        }
    }

    private async Task<bool> NudgedAsync(Run run, TimeSpan patience)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(run.Stop);
        var nudge = run.Refresh.WaitAsync(waiting.Token);
        var pause = Task.Delay(patience, time, waiting.Token);
        var first = await Task.WhenAny(nudge, pause);
        await waiting.CancelAsync();
        await Task.WhenAll(nudge, pause).ContinueWith(static _ => { }, TaskScheduler.Default);
        return first == nudge || nudge.IsCompletedSuccessfully;
    }

    private void Apply(Run run, CattleEvent change)
    {
        if (change.BaseName == "logout")
        {
            Note(run, s => s with { ListError = new CattleException(401, "Unauthorized", "The session has ended.", null) });
            Nudge(run.Refresh);
        }
        else if (change.BaseName == "resource.change" && change.ResourceType is "machine" or "physicalHost" or "host")
        {
            if (change.Resource is not { } resource)
            {
                Nudge(run.Refresh);
            }
            else if (run.Model.Apply(resource))
            {
                if (resource.Object("load") is not null)
                {
                    _lastLoad = time.GetUtcNow();
                }

                Raise();
            }
        }
    }

    private void Note(Run run, Func<FeedSigns, FeedSigns> change)
    {
        lock (_gate)
        {
            if (run.Stop.IsCancellationRequested || !ReferenceEquals(run.Model, Model))
            {
                return;
            }

            _signs = change(_signs);
        }

        Raise();
    }

    private void Raise()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _ = RaiseSoonAsync();
        }
    }

    private async Task RaiseSoonAsync()
    {
        await Task.Delay(Calm, time);
        Volatile.Write(ref _scheduled, 0);
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop) =>
        await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static void Nudge(SemaphoreSlim refresh)
    {
        try
        {
            refresh.Release();
        }
        catch (SemaphoreFullException)
        {
            // A reading is asked for already.
        }
    }

    /// <summary>Whatever goes wrong is said and tried again: a page must not stand still in silence.</summary>
    private static CattleException Told(Exception e) =>
        e as CattleException ?? new CattleException(0, "Unexpected", $"The server's answer could not be used: {e.Message}", null, e);

    private static CattleException ClosedByServer { get; } = new(0, "Closed", "The server closed the connection.", null);

    /// <summary>What belongs to following one environment.</summary>
    private sealed record Run(CattleClient Api, HostsModel Model, SemaphoreSlim Refresh, CancellationToken Stop);
}
