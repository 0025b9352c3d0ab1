using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Drover.Web.Host;

/// <summary>A host's load as curves: live, of the last hour, of the last day. The browser draws; this component hands it new samples, and the past when it asks.</summary>
/// <remarks>It is rendered once: a sample goes to the script and changes nothing here.</remarks>
public sealed partial class LoadCharts : IAsyncDisposable
{
    private const string Script = "./_content/Drover.Web/lib/loads.js";

    private readonly CancellationTokenSource _gone = new();
    private ElementReference _root;
    private DotNetObjectReference<LoadCharts>? _self;
    private IJSObjectReference? _module;
    private IJSObjectReference? _curves;
    private IReadOnlyList<HostLoad> _told = [];
    private bool _drawn;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public string HostId { get; set; } = "";

    /// <summary>The live samples, oldest first.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<HostLoad> History { get; set; } = [];

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    /// <summary>A part of the last day, as the script wants it.</summary>
    [JSInvokable]
    public async Task<LoadColumns> Past(string span)
    {
        try
        {
            var answer = await Session.In(Environment).SendAsync(HttpMethod.Get, $"hosts/{HostId}/loads?span={Uri.EscapeDataString(span)}", null, _gone.Token);
            return LoadColumns.Read(answer) ?? new LoadColumns { Problem = "This server keeps no past of its hosts: only the last minutes are there." };
        }
        catch (CattleException e)
        {
            return new LoadColumns { Problem = $"The past cannot be read: {(e.Detail is { Length: > 0 } detail ? detail : e.Message)}", Again = e.IsTransient };
        }
        catch (OperationCanceledException)
        {
            return new LoadColumns();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        try
        {
            if (_curves is not null)
            {
                await _curves.InvokeVoidAsync("dispose");
            }

            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // The browser has gone, and its curves with it.
        }

        _self?.Dispose();
        _gone.Dispose();
    }

    protected override bool ShouldRender() => !_drawn;

    protected override async Task OnParametersSetAsync() => await TellAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        _drawn = true;
        try
        {
            _self = DotNetObjectReference.Create(this);
            _module = await Browser.ImportAsync(Script, _gone.Token);
            _curves = await _module.InvokeAsync<IJSObjectReference>("open", _gone.Token, _root, _self);
            await TellAsync();
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // The page is gone, or the browser is too old for curves: the figures of the cards remain.
        }
    }

    /// <summary>Hands over what the script does not know yet.</summary>
    private async Task TellAsync()
    {
        if (_curves is null || ReferenceEquals(_told, History))
        {
            return;
        }

        var known = _told.Select(sample => sample.At).ToHashSet();
        _told = History;
        var fresh = History.Where(sample => !known.Contains(sample.At)).Select(LoadPoint.Of).ToArray();
        if (fresh.Length == 0)
        {
            return;
        }

        try
        {
            await _curves.InvokeVoidAsync("add", _gone.Token, [fresh]);
        }
        catch (Exception e) when (e is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // The browser has gone.
        }
    }
}

/// <summary>One live sample for the script; the names are those of its columns.</summary>
public sealed record LoadPoint(double At, double Cpu, double Memory, double MemoryTotal, double Disk, double DiskTotal, double Received, double Sent)
{
    /// <param name="load">As its host measured it.</param>
    public static LoadPoint Of(HostLoad load) => new(
        load.At.ToUnixTimeMilliseconds() / 1000d, load.CpuPercent, load.MemoryUsedBytes, load.MemoryTotalBytes, load.DiskUsedBytes, load.DiskTotalBytes, load.NetworkReceive, load.NetworkSend);
}

/// <summary>A part of a host's past for the script, or why there is none.</summary>
public sealed record LoadColumns
{
    /// <summary>Of the server's answer, and of the script.</summary>
    private static readonly (string Field, string Column)[] s_columns =
        [("cpuPercent", "cpu"), ("cpuPercentMax", "peak"), ("memoryUsedBytes", "memory"), ("diskUsedBytes", "disk"), ("networkReceive", "received"), ("networkSend", "sent")];

    /// <summary>Seconds since 1970 of the first value.</summary>
    public long Since { get; init; }

    /// <summary>Seconds between two values.</summary>
    public int Step { get; init; }

    public IReadOnlyDictionary<string, double?[]>? Columns { get; init; }

    /// <summary>A sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>It is worth asking again.</summary>
    public bool Again { get; init; } = true;

    /// <summary>Null for an answer of another kind: an older server, or a Rancher.</summary>
    public static LoadColumns? Read(JsonObject answer)
    {
        try
        {
            if ((string?)answer["type"] != "hostLoadHistory" || (DateTimeOffset?)answer["since"] is not { } since || (int?)answer["step"] is not (> 0 and var step))
            {
                return null;
            }

            var columns = s_columns.ToDictionary(c => c.Column, c => answer[c.Field]!.AsArray().Select(value => (double?)value).ToArray(), StringComparer.Ordinal);
            return columns.Values.All(c => c.Length > 0 && c.Length == columns["cpu"].Length) ? new LoadColumns { Since = since.ToUnixTimeSeconds(), Step = step, Columns = columns } : null;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException)
        {
            return null;
        }
    }
}
