using System.Globalization;
using Drover.Web.Figures;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Containers;

/// <summary>Containers as a list: of the environment, or of one host. Filtered, grouped, sorted; what is asked of them is asked here.</summary>
/// <remarks>Only what is on the screen is drawn. The whole list is filtered and sorted when the feed raises, not with each event.</remarks>
public sealed partial class ContainerList : IDisposable
{
    /// <summary>As in the style sheet; the browser measures and corrects it.</summary>
    private const float RowHeight = 41;

    /// <summary>How long the choices of the filters stay as they are: nobody looks at their counts each moment.</summary>
    private static readonly TimeSpan ChoicesFor = TimeSpan.FromSeconds(5);

    private static readonly ContainerVerbs[] Bulk = [ContainerVerbs.Start, ContainerVerbs.Stop, ContainerVerbs.Restart, ContainerVerbs.Remove];

    private readonly CancellationTokenSource _gone = new();
    private readonly HashSet<string> _selected = new(StringComparer.Ordinal);
    private readonly HashSet<string> _closed = new(StringComparer.Ordinal);
    private IReadOnlyList<ContainerView>? _source;
    private IReadOnlyList<ContainerView> _all = [];
    private ContainerRows _rows = new();
    private ContainerQuery _query = new();
    private DateTimeOffset _counted;
    private HostNames _hosts = new("", []);
    private IReadOnlyList<HostView>? _hostSource;
    private IReadOnlyList<Facet> _hostFacets = [];
    private IReadOnlyList<Facet> _imageFacets = [];
    private IReadOnlyList<Facet> _labelFacets = [];
    private IReadOnlyList<Facet> _groups = [];
    private ContainerView? _menu;
    private bool _menuDue;
    private ElementReference _grid;
    private string? _readFrom;
    private string? _bulk;
    private bool _more;
    private bool _watched;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    /// <summary>Only those of this host; null for all.</summary>
    [Parameter]
    public HostView? Host { get; set; }

    [Inject]
    internal ContainersFeed Feed { get; set; } = null!;

    [Inject]
    internal HostsFeed HostsFeed { get; set; } = null!;

    [Inject]
    internal ContainerOrders Orders { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private string Base => $"/env/{Environment}/containers";

    private string FilterText
    {
        get => _query.Text;
        set => Ask(_query with { Text = value });
    }

    /// <summary>How many of the choices that a narrow screen hides are made.</summary>
    private int Chosen => new[] { _query.Host, _query.Image, _query.Label, _query.Group }.Count(c => c.Length > 0);

    private IEnumerable<ContainerView> Selected => _rows.Shown.Where(v => _selected.Contains(v.Id));

    private bool AllSelected => _rows.Shown.Count > 0 && _selected.Count >= _rows.Shown.Count;

    public void Dispose()
    {
        Feed.Changed -= Changed;
        HostsFeed.Changed -= HostsChanged;
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override void OnInitialized()
    {
        Feed.Changed += Changed;
        HostsFeed.Changed += HostsChanged;
    }

    protected override void OnParametersSet()
    {
        // Whoever comes by a link or goes back finds what the address says; what is chosen here is only written into it.
        if (_readFrom != Navigation.Uri)
        {
            _readFrom = Navigation.Uri;
            _query = ContainerQuery.Read(Navigation.Uri);
            _more = Chosen > 0;
        }

        Take();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_menuDue)
        {
            // Its place depends on its size, hence after it is drawn.
            _menuDue = false;
            await Browser.CallAsync("menu", "container-menu", _menu!.Id);
        }

        if (!_watched && _rows.Shown.Count > 0)
        {
            _watched = true;
            await Browser.CallAsync("grid", _grid);
        }
        else if (_rows.Shown.Count == 0)
        {
            _watched = false;
        }
    }

    private void Changed(object? sender, EventArgs e) => _ = InvokeAsync(() =>
    {
        Take();
        StateHasChanged();
    });

    /// <summary>Hosts change with each sample of their load; only their names, addresses and states matter here.</summary>
    private void HostsChanged(object? sender, EventArgs e) => _ = InvokeAsync(() =>
    {
        if (!SameHosts(_hostSource, HostsFeed.Model.Hosts))
        {
            Take();
            StateHasChanged();
        }
    });

    private static bool SameHosts(IReadOnlyList<HostView>? before, IReadOnlyList<HostView> now) =>
        before is not null && before.Count == now.Count && before.Zip(now).All(p => (p.First.HostId, p.First.Name, p.First.Address, p.First.Status.Tone) == (p.Second.HostId, p.Second.Name, p.Second.Address, p.Second.Status.Tone));

    private void Take()
    {
        var hosts = HostsFeed.Model.Hosts;
        if (!SameHosts(_hostSource, hosts))
        {
            _hosts = new HostNames(Environment, hosts);
        }

        _hostSource = hosts;
        _all = Host is null ? Feed.Model.All : Feed.Model.OfHost(Host.HostId);
        _rows = ContainerRows.Of(_all, _query, _hosts, Orders.Refused, _closed);
        if (!ReferenceEquals(_source, _all) && (_source is null || _source.Count != _all.Count || Time.GetUtcNow() - _counted >= ChoicesFor))
        {
            (_source, _counted) = (_all, Time.GetUtcNow());
            _hostFacets = Kept(_hostFacets, Host is null ? ContainerRows.Hosts(_all, _hosts) : []);
            _imageFacets = Kept(_imageFacets, ContainerRows.Images(_all));
            _labelFacets = Kept(_labelFacets, ContainerRows.Labels(_all));
            _groups = Kept(_groups, [.. Host is null ? [new Facet(ContainerQuery.ByHost, "host", 0)] : Array.Empty<Facet>(), .. _labelFacets.Where(f => !f.Value.Contains('=', StringComparison.Ordinal)).Select(f => f with { Count = 0 })]);
        }

        if (_selected.Count > 0)
        {
            _selected.RemoveWhere(id => Feed.Model.Find(id) is null);
        }
    }

    /// <summary>The same list as before when it says the same: its choices are not drawn again.</summary>
    private static IReadOnlyList<Facet> Kept(IReadOnlyList<Facet> before, IReadOnlyList<Facet> now) => before.SequenceEqual(now) ? before : now;

    private void Ask(ContainerQuery query)
    {
        _query = query;
        Take();
        _ = Browser.CallAsync("address", Navigation.GetUriWithQueryParameters(query.Write())).AsTask();
    }

    private void Fold(GroupHead head)
    {
        if (!_closed.Remove(head.Name))
        {
            _closed.Add(head.Name);
        }

        Take();
    }

    private void Forget(string id)
    {
        Orders.Forget(id);
        Take();
    }

    private void Select((string Id, bool On) choice)
    {
        _ = choice.On ? _selected.Add(choice.Id) : _selected.Remove(choice.Id);
        StateHasChanged();
    }

    private void SelectAll(bool on)
    {
        _selected.Clear();
        if (on)
        {
            _selected.UnionWith(_rows.Shown.Select(v => v.Id));
        }
    }

    private void OpenMenu(ContainerView view)
    {
        (_menu, _menuDue) = (view, true);
        StateHasChanged();
    }

    private async Task DoAsync(ContainerView view, ContainerVerbs verb)
    {
        if (verb == ContainerVerbs.Remove && !await RemoveContainersDialog.AskAsync(Dialogs, [view], _hosts.Name(view.HostId)))
        {
            return;
        }

        await Orders.ActAsync(Environment, view, verb, _gone.Token);
    }

    private async Task DoAllAsync(ContainerVerbs verb)
    {
        List<ContainerView> views = [.. Selected.Where(v => v.Offered(verb))];
        if (verb == ContainerVerbs.Remove && !await RemoveContainersDialog.AskAsync(Dialogs, views, null))
        {
            return;
        }

        try
        {
            void Tell(int done) => _ = InvokeAsync(() =>
            {
                if (_bulk is not null)
                {
                    _bulk = $"{verb.Label()}: {done.ToString(CultureInfo.InvariantCulture)} of {Figure.Count(views.Count, "container", "containers")}";
                    StateHasChanged();
                }
            });

            _bulk = $"{verb.Label()}…";
            await Orders.ActAsync(Environment, views, verb, Tell, _gone.Token);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        // What was refused stays selected, so that it can be tried again.
        _bulk = null;
        _selected.RemoveWhere(id => Orders.Refused(id) is null);
        Take();
    }

    private static string IconOf(ContainerVerbs verb) => verb switch
    {
        ContainerVerbs.Start => Icons.Material.Outlined.PlayArrow,
        ContainerVerbs.Stop => Icons.Material.Outlined.Stop,
        ContainerVerbs.Restart => Icons.Material.Outlined.RestartAlt,
        _ => Icons.Material.Outlined.Delete,
    };
}
