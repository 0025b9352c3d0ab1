using System.Text.Json.Nodes;
using Drover.Web.Containers;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Container;

/// <summary>A shell, or another command, in a container; or a shell on a host. The browser holds the WebSocket; this component gets it its ticket and tells how it stands.</summary>
public sealed partial class ShellTab : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private ElementReference _element;
    private DotNetObjectReference<ShellTab>? _self;
    private PageScript? _script;
    private string _choice = ShellCommand.Best;
    private string _own = "";
    private string? _opened;
    private string? _openedOwn;
    private Step _step = Step.Ended;
    private string? _reason;
    private bool _failed;

    /// <summary>Counts openings: each has an element of its own.</summary>
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

    /// <summary>In which; null for a shell on <see cref="Host"/>.</summary>
    [Parameter]
    public ContainerView? Container { get; set; }

    /// <summary>On which, where there is no container.</summary>
    [Parameter]
    public HostView? Host { get; set; }

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    private bool May => Container?.Offered(ContainerVerbs.Execute) ?? Host?.Sources.Host?.ActionUrl("shell") is not null;

    private bool Runs => Container is { } container ? container.Status.Name == "running" : Host?.Status.Name == "active";

    private string State => _step switch
    {
        Step.Opening => "Opening…",
        Step.Open => "Ctrl-C copies what is selected; Ctrl-V pastes",
        _ when May => "",
        _ when !Runs => $"There is a shell while the {(Container is null ? "host is active" : "container runs")}",
        _ => "Owners and members of the environment may open one",
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
        if (_script is not null)
        {
            await _script.DisposeAsync();
        }

        _self?.Dispose();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        if (May && RendererInfo.IsInteractive)
        {
            Begin();
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

    private async Task OpenAsync()
    {
        if (_script is not null)
        {
            await _script.CloseAsync();
        }

        Begin();
    }

    private void Begin()
    {
        (_step, _reason, _failed, _due) = (Step.Opening, null, false, true);
        (_opened, _openedOwn) = (_choice, _own);
        _attempt++;
    }

    private async Task ConnectAsync()
    {
        var input = new JsonObject { ["attachStdin"] = true, ["attachStdout"] = true, ["tty"] = true, ["command"] = ShellCommand.Of(_choice, _own) };
        var api = Session.In(Environment);
        var ticket = Container is { } container
            ? await StreamTicket.OfAsync(() => api.ActionAsync("containers", container.Id, "execute", input, _gone.Token), "run commands in its containers")
            : await StreamTicket.OfAsync(() => api.ActionAsync("hosts", Host!.HostId!, "shell", [], _gone.Token), "open shells on its hosts");
        if (_gone.IsCancellationRequested)
        {
            return;
        }

        _self ??= DotNetObjectReference.Create(this);
        _script ??= new PageScript(Browser, "console");
        if ((ticket.Problem ?? await _script.OpenAsync("shell", _gone.Token, _element, ticket.Url, ticket.Token, _self)) is { } problem)
        {
            _failed = true;
            Ended(problem);
        }
    }
}
