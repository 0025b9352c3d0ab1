using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Container;

/// <summary>One container: what it is, its log, a shell in it, what it takes, and all that Docker knows of it.</summary>
public sealed partial class ContainerPage
{
    private const int ShownLabels = 4;

    private static readonly string[] Tabs = ["logs", "shell", "stats", "inspect"];
    private static readonly ContainerVerbs[] Verbs = [ContainerVerbs.Start, ContainerVerbs.Restart, ContainerVerbs.Stop];

    private readonly CancellationTokenSource _gone = new();
    private ContainerView? _container;
    private HostView? _host;
    private PortView[] _ports = [];
    private string? _lastName;
    private string? _problem;
    private string? _readProblem;
    private string? _shown;
    private bool _asked;
    private bool _absent;
    private bool _busy;
    private bool _allLabels;
    private int _tab;
    private (ContainerView?, string?, string?, bool) _drawn;

    [Parameter]
    public string Id { get; set; } = "";

    /// <summary><c>logs</c>, <c>shell</c>, <c>stats</c> or <c>inspect</c>.</summary>
    [SupplyParameterFromQuery(Name = "tab")]
    public string? Tab { get; set; }

    [Inject]
    internal ContainerOrders Orders { get; set; } = null!;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    protected override bool ShowsContainers => true;

    private string ListHref => $"/env/{Environment}/containers";

    protected override async Task OnParametersSetAsync()
    {
        if (_shown != Id)
        {
            _shown = Id;
            (_asked, _absent, _lastName, _problem, _allLabels) = (false, false, null, null, false);
            _tab = Math.Max(0, Array.IndexOf(Tabs, Tab));
        }

        Take();
        if (_container is null && !_asked && RendererInfo.IsInteractive && Session.SignedIn)
        {
            _asked = true;
            await ReadAsync();
        }
    }

    protected override void OnHostsChanged() => OnContainersChanged();

    /// <summary>Other containers and the loads of hosts change all the time; drawn is what is on this page.</summary>
    protected override void OnContainersChanged()
    {
        Take();
        var now = (_container, _host?.Name, _host?.Address, _absent);
        if (now != _drawn)
        {
            _drawn = now;
            StateHasChanged();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _gone.Cancel();
        _gone.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Whoever comes by a link does not wait for the list of all.</summary>
    private async Task ReadAsync()
    {
        try
        {
            if (await Session.In(Environment).GetAsync("containers", Id, _gone.Token) is { } found)
            {
                Containers.Apply(found);
            }
            else
            {
                _absent = true;
            }

            _readProblem = null;
        }
        catch (CattleException e)
        {
            _readProblem = e.Message;
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        Take();
    }

    private void Take()
    {
        var found = Containers.Model.Find(Id);
        if (found is null && (_lastName is not null || Containers.Model.Loaded))
        {
            _absent = true;
        }

        if (!ReferenceEquals(found, _container))
        {
            _ports = found is null ? [] : [.. found.Ports.Select(PortView.Of).OrderBy(p => p.Public is null)];
        }

        _container = found;
        _lastName = found?.Name ?? _lastName;
        _host = found?.HostId is { } host ? Feed.Model.Find(host) : null;
        if (found is not null)
        {
            (_absent, _readProblem) = (false, null);
        }
    }

    /// <summary>Keeps the tab in the address.</summary>
    private Task TabChosenAsync(string tab) => Browser.CallAsync("address", Navigation.GetUriWithQueryParameter("tab", tab)).AsTask();

    /// <summary>What shows the same as the open tab.</summary>
    private string CliLine(ContainerView container) => Tabs[_tab] switch
    {
        "shell" => $"drover exec -i -t {container.Name} sh",
        "stats" => $"drover stats {container.Name}",
        "inspect" => $"drover docker {_host?.Name ?? "HOST"} -- inspect {container.Name}",
        _ => $"drover logs -f {container.Name}",
    };

    private string ApiLine(ContainerView container)
    {
        var url = $"{Navigation.BaseUri}v2-beta/projects/{Environment}/containers/{container.Id}";
        return Tabs[_tab] switch
        {
            "shell" => $"POST {url}?action=execute {{\"command\":[\"sh\"]}}",
            "stats" => $"GET {url}/containerstats",
            "inspect" => $"GET {url}/inspect",
            _ => $"POST {url}?action=logs {{\"follow\":true}}",
        };
    }

    private async Task ActAsync(ContainerVerbs verb)
    {
        _busy = true;
        _problem = await Orders.ActAsync(Environment, _container!, verb, _gone.Token);
        _busy = false;
    }

    private async Task RemoveAsync()
    {
        var container = _container!;
        if (await RemoveContainersDialog.AskAsync(Dialogs, [container], _host?.Name))
        {
            await ActAsync(ContainerVerbs.Remove);
            if (_problem is null && !_gone.IsCancellationRequested)
            {
                Navigation.NavigateTo(ListHref);
            }
        }
    }

    private static string IconOf(ContainerVerbs verb) => verb switch
    {
        ContainerVerbs.Start => Icons.Material.Outlined.PlayArrow,
        ContainerVerbs.Stop => Icons.Material.Outlined.Stop,
        _ => Icons.Material.Outlined.RestartAlt,
    };
}
