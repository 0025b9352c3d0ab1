using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Web.AddHost;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Host;

/// <summary>One host: what it is, how it came to be, what it does now, and its boot log.</summary>
public sealed partial class HostPage
{
    private const int Overview = 0;
    private const int ContainerTab = 1;
    private const int ImageTab = 2;
    private const int ShellIndex = 3;
    private const int Log = 4;
    private const int Console = 5;
    private const int Snapshots = 6;
    private const int Settings = 7;

    private readonly CancellationTokenSource _gone = new();
    private HostView? _host;
    private ReadyTimes _times = new([]);
    private string? _lastName;
    private string? _recalled;
    private string? _problem;
    private int _tab = -1;

    /// <summary>The machine's id, or the host's.</summary>
    [Parameter]
    public string Key { get; set; } = "";

    /// <summary><c>containers</c>, <c>images</c>, <c>shell</c>, <c>log</c>, <c>console</c>, <c>snapshots</c> or <c>settings</c> opens that tab.</summary>
    [SupplyParameterFromQuery(Name = "tab")]
    public string? Tab { get; set; }

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    private string ListHref => $"/env/{Environment}/hosts";

    /// <summary>What happens now, in a sentence; null when nothing does.</summary>
    private string? Now => _host switch
    {
        { Status.Name: "removing" } => _host.Message ?? "The machine is powered down and its disk deleted.",
        { Status.Name: "resizing" or "resizing-stopped" or "stopping" or "starting" or "rebooting" or "updating" or "updating-stopped", Message: { } doing } => doing == "In Progress" ? null : doing,
        { IsNew: true, Waiting: null, Stages: [.., { } stage] } => stage.Message is { Length: > 0 } message ? message : HostStatus.Explain(stage.Stage) + ".",
        { IsNew: true, Waiting: null } => _host.Message ?? "The request is stored; the scheduler takes it next.",
        _ => null,
    };

    protected override bool ShowsContainers => true;

    protected override void OnParametersSet()
    {
        base.OnParametersSet();
        Take();
    }

    protected override void OnHostsChanged()
    {
        Take();
        StateHasChanged();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_host is { HostId: { } hostId, Load: not null } host && _recalled != host.Key)
        {
            _recalled = host.Key;
            await RecallAsync(host.Key, hostId);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _gone.Cancel();
        _gone.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Begins the curves with what the server still knows. A server without that memory (a Rancher) begins them now.</summary>
    private async Task RecallAsync(string key, string hostId)
    {
        try
        {
            var loads = await Session.In(Environment).PageAsync($"hosts/{hostId}/loads", _gone.Token);
            Feed.Model.Recall(key, loads.Data.Select(l => HostView.Read(() => l.Json.Deserialize(AgentJson.Default.HostLoad))).OfType<HostLoad>());
            StateHasChanged();
        }
        catch (Exception e) when (e is CattleException or OperationCanceledException)
        {
            // The live samples draw the curves alone.
        }
    }

    private void Take()
    {
        _host = Feed.Model.Find(Key);
        _times = new ReadyTimes(Feed.Model.Hosts);
        _lastName = _host?.Name ?? _lastName;
        if (_tab < 0 && _host is not null)
        {
            // Whoever opens a machine that boots wants to see it boot.
            var boots = _host.IsNew && _host.Stage?.Stage is MachineStage.Boot or MachineStage.Docker or MachineStage.Register;
            _tab = Tab switch
            {
                "containers" => ContainerTab,
                "images" => ImageTab,
                _ when _host.MachineId is null => Overview,
                "shell" => ShellIndex,
                "log" => Log,
                "console" => Console,
                "snapshots" => Snapshots,
                "settings" => Settings,
                null when boots => Log,
                _ => Overview,
            };
        }
    }

    /// <summary>Keeps the tab in the address. Only for a person's choice: the tabs also change when the page is taken down.</summary>
    private Task TabChosenAsync(string tab) => Browser.CallAsync("address", Navigation.GetUriWithQueryParameter("tab", tab)).AsTask();

    private async Task DeleteAsync()
    {
        if (await DeleteHostDialog.ShowAsync(Dialogs, Environment, _host!))
        {
            Navigation.NavigateTo(ListHref);
        }
    }

    private Task LikeAsync() => AddHostDialog.ShowAsync(Dialogs, Environment, HostSpec.Like(_host!));
}
