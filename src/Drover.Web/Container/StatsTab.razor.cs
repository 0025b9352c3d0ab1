using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Container;

/// <summary>Live curves of CPU, memory, network and disk. The browser holds the WebSocket and draws; this component gets it its tickets.</summary>
public sealed partial class StatsTab : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private ElementReference _root;
    private DotNetObjectReference<StatsTab>? _self;
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

    [JSInvokable]
    public async Task<StreamTicket> StatsTicket() => Container.Status.Name is "running" or "paused"
        ? await StreamTicket.OfAsync(async () => new CattleResource(await Session.In(Environment).SendAsync(HttpMethod.Get, $"containers/{Container.Id}/containerstats", null, _gone.Token)), "see its figures")
        : new StreamTicket(null, null, "There are figures while the container runs.", false);

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

    // The script owns what is drawn here.
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
            _script = new PageScript(Browser, "stats");
            await _script.OpenAsync("open", _gone.Token, _root, _self);
        }
    }
}
