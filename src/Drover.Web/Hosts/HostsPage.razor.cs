using Drover.Web.AddHost;
using Drover.Web.Live;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;

namespace Drover.Web.Hosts;

/// <summary>All hosts of an environment as cards, live.</summary>
public sealed partial class HostsPage
{
    private const int Step = 60;

    private IReadOnlyList<HostView> _all = [];
    private IReadOnlyList<HostView> _shown = [];
    private ReadyTimes _times = new([]);
    private HostFilter _filter = new("", "");
    private int _limit = Step;
    private ElementReference _end;
    private DotNetObjectReference<HostsPage>? _self;

    /// <summary>The filter's words, in the address.</summary>
    [SupplyParameterFromQuery(Name = "q")]
    public string? Query { get; set; }

    /// <summary>The filter's state group, in the address.</summary>
    [SupplyParameterFromQuery(Name = "state")]
    public string? State { get; set; }

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    private HostsModel Model => Feed.Model;

    private string FilterText
    {
        get => _filter.Text;
        set => SetFilter(_filter with { Text = value });
    }

    private string Title =>
        _all.Count(h => h.Status.Tone == StatusTone.Failed) is > 0 and { } failed ? $"({failed} failed) Hosts · Drover" : "Hosts · Drover";

    /// <summary>The list's end is near: shows more of it.</summary>
    [JSInvokable]
    public void EndReached()
    {
        if (_limit < _shown.Count)
        {
            _limit += Step;
            StateHasChanged();
        }
    }

    protected override bool ShowsContainers => true;

    protected override void OnParametersSet()
    {
        base.OnParametersSet();
        _filter = new HostFilter(Query ?? "", HostFilter.Groups.Any(g => g.Name == State) ? State! : "");
        Take();
    }

    protected override void OnHostsChanged()
    {
        Take();
        StateHasChanged();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            await Browser.CallAsync("watchEnd", _end, _self);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _self?.Dispose();
        base.Dispose(disposing);
    }

    private void Take()
    {
        _all = Model.Hosts;
        _shown = _filter.Apply(_all);
        _times = new ReadyTimes(_all);
    }

    /// <summary>Shows what matches, and writes it into the address without a navigation: a page that answers each key press by
    /// a navigation loses letters.</summary>
    private void SetFilter(HostFilter filter)
    {
        _limit = Step;
        _filter = filter;
        Take();
        var address = Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
        {
            ["q"] = filter.Text.Length == 0 ? null : filter.Text,
            ["state"] = filter.Group.Length == 0 ? null : filter.Group,
        });
        _ = Browser.CallAsync("address", address).AsTask();
    }

    private string HrefOf(HostView host) => $"/env/{Environment}/hosts/{host.Key}";

    private Task AddHostAsync(HostSpec? like) => AddHostDialog.ShowAsync(Dialogs, Environment, like);
}
