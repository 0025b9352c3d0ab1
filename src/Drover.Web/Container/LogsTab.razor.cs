using System.Text.Json.Nodes;
using Drover.Web.Containers;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Container;

/// <summary>The log of a container. The browser holds the WebSocket and the lines; this component gets it its tickets.</summary>
public sealed partial class LogsTab : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private ElementReference _root;
    private DotNetObjectReference<LogsTab>? _self;
    private PageScript? _script;
    private bool? _ran;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public ContainerView Container { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    /// <summary>Whether more may come although a log has ended: Docker ends it when the container is restarted.</summary>
    [JSInvokable]
    public bool Runs() => Container.Status.Name is "running" or "restarting";

    /// <param name="lines">How many of the last; 0: all.</param>
    /// <param name="since">A time stamp; empty: from the beginning.</param>
    [JSInvokable]
    public Task<StreamTicket> Ticket(int lines, string since, bool follow)
    {
        if (Container.Status.Name is "creating")
        {
            return Task.FromResult(new StreamTicket(null, null, "The log begins when the container runs.", false));
        }

        var input = new JsonObject { ["follow"] = follow, ["lines"] = lines, ["timestamps"] = true };
        if (since.Length > 0)
        {
            input["since"] = since;
        }

        return StreamTicket.OfAsync(() => Session.In(Environment).ActionAsync("containers", Container.Id, "logs", input, _gone.Token), "read its containers' logs");
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

    // The script owns what is drawn here; only what a start changes is told to it.
    protected override bool ShouldRender() => _script is null;

    protected override async Task OnParametersSetAsync()
    {
        var runs = Container.Status.Name == "running";
        if (_ran == false && runs && _script is not null)
        {
            await _script.TellAsync("resume");
        }

        _ran = runs;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            _script = new PageScript(Browser, "logs");
            await _script.OpenAsync("open", _gone.Token, _root, _self);
        }
    }
}
