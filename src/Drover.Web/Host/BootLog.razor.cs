using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Host;

/// <summary>The boot log, live: read each second while it is on the screen and followed.</summary>
public sealed partial class BootLog : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly BootLogText _log = new();
    private readonly CancellationTokenSource _gone = new();
    private readonly SemaphoreSlim _resume = new(0, 1);
    private BootLogReader? _reader;
    private Task _polling = Task.CompletedTask;
    private ElementReference _element;
    private DotNetObjectReference<BootLog>? _self;
    private IJSObjectReference? _scroll;
    private bool _follow = true;
    private bool _read;
    private bool _absent;
    private string? _problem;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public string MachineId { get; set; } = "";

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    /// <summary>The reader has scrolled away from the end, or back to it.</summary>
    [JSInvokable]
    public void FollowChanged(bool follow)
    {
        Follow(follow);
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _polling;
        _self?.Dispose();
        _gone.Dispose();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _reader = new BootLogReader(Session.In(Environment), MachineId, _log);
        _polling = PollAsync();
        _self = DotNetObjectReference.Create(this);
        _scroll = await Browser.AskAsync<IJSObjectReference>("follow", _element, _self);
    }

    private async Task PollAsync()
    {
        for (var failures = 0; !_gone.IsCancellationRequested;)
        {
            var change = false;
            try
            {
                change = await _reader!.ReadAsync(_gone.Token) || !_read || _problem is not null;
                (_read, _problem, failures) = (true, null, 0);
            }
            catch (CattleException e)
            {
                failures++;
                (change, _absent) = (true, e.Status is 404 or 409 or 422 or 503);
                _problem = _absent ? "There is no console yet: it begins when the machine is started." : $"The console cannot be read: {e.Message} It is tried again.";
                if (_absent && !_log.IsEmpty)
                {
                    _problem = "The console has ended: the machine is not there any more.";
                }
            }
            catch (OperationCanceledException) when (_gone.IsCancellationRequested)
            {
                return;
            }

            if (change)
            {
                StateHasChanged();
            }

            await PauseAsync(failures);
        }
    }

    private async Task PauseAsync(int failures)
    {
        var pause = failures == 0 ? Interval : Interval + Backoff.Delay(failures, Random.Shared);
        try
        {
            await Task.Delay(pause, Time, _gone.Token);
            while (!_follow)
            {
                await _resume.WaitAsync(_gone.Token);
            }
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The tab was closed; the loop sees it.
        }
    }

    private async Task ToggleAsync()
    {
        Follow(!_follow);
        if (_scroll is not null)
        {
            try
            {
                await _scroll.InvokeVoidAsync("set", _follow);
            }
            catch (JSDisconnectedException)
            {
                // The browser has gone; the circuit ends.
            }
        }
    }

    private void Follow(bool follow)
    {
        _follow = follow;
        if (follow && _resume.CurrentCount == 0)
        {
            _resume.Release();
        }
    }
}
