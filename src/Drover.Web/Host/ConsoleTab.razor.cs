using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Host;

/// <summary>A machine's screen or serial port, live and for use. The browser holds the WebSocket; this component gets it its ticket and tells how it stands.</summary>
public sealed partial class ConsoleTab : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private ElementReference _element;
    private DotNetObjectReference<ConsoleTab>? _self;
    private PageScript _script = null!;
    private string _kind = ConsoleKind.Graphical;
    private Step _step = Step.Ended;
    private string? _reason;

    /// <summary>Counts openings: each has an element of its own, and what an earlier one still tells is not heard.</summary>
    private int _attempt;
    private bool _due;

    private enum Step
    {
        Ended,
        Opening,
        Open,
    }

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public HostView Host { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    private bool May => Host.Offers.Contains("console");

    private string State => _step switch
    {
        Step.Opening => "Opening…",
        Step.Open => _kind == ConsoleKind.Graphical ? "Click into it to type" : "What you type goes to the machine",
        _ => May ? "Closed" : "Not now, or not for you",
    };

    [JSInvokable]
    public void Opened()
    {
        _step = Step.Open;
        StateHasChanged();
    }

    [JSInvokable]
    public void Ended(string reason)
    {
        (_step, _reason) = (Step.Ended, reason);
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _script.DisposeAsync();
        _self?.Dispose();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        _script = new PageScript(Browser, "console");
        _kind = Host.Spec.Display == MachineDisplay.None || (Host.Spec.Display != MachineDisplay.Vga && Host.Spec.Image == AddHost.HostSpec.DefaultImage) ? ConsoleKind.Serial : ConsoleKind.Graphical;
        if (May)
        {
            Begin();
        }
        else
        {
            _reason = "The console is there while the machine runs, for owners and members of its environment.";
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_due)
        {
            _due = false;
            await ConnectAsync();
        }
    }

    private async Task ChooseAsync(string kind)
    {
        if (kind != _kind)
        {
            _kind = kind;
            await OpenAsync();
        }
    }

    private async Task OpenAsync()
    {
        await _script.CloseAsync();
        if (May)
        {
            Begin();
        }
    }

    private void Begin()
    {
        (_step, _reason, _due) = (Step.Opening, null, true);
        _attempt++;
    }

    private async Task ConnectAsync()
    {
        try
        {
            var access = await Session.In(Environment).ActionAsync("machines", Host.MachineId!, "console", new JsonObject { ["kind"] = _kind }, _gone.Token);
            _self ??= DotNetObjectReference.Create(this);
            if (await _script.OpenAsync(_kind == ConsoleKind.Graphical ? "screen" : "serial", _gone.Token, _element, access.Text("url"), access.Text("token"), _self) is { } problem)
            {
                Ended(problem);
            }
        }
        catch (CattleException e)
        {
            Ended(e.Detail is { Length: > 0 } detail ? detail : e.Message);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The page is gone.
        }
    }
}
