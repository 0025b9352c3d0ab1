using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.AddHost;

/// <summary>Where the hosts of the form would go now: the scheduler is asked a moment after each change. Hosts can be added whatever it says, or when it says nothing.</summary>
public sealed partial class FitPreview : IDisposable
{
    private static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(400);

    private CancellationTokenSource _asking = new();
    private string? _asked;
    private string? _problem;
    private string? _answer;
    private bool _all;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public HostSpec Spec { get; set; } = new() { Name = "" };

    /// <summary>Nothing in the form is wrong that a scheduler would look at.</summary>
    [Parameter]
    public bool Valid { get; set; }

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    public void Dispose()
    {
        _asking.Cancel();
        _asking.Dispose();
    }

    protected override void OnParametersSet()
    {
        var body = new JsonObject { ["mesosConfig"] = Spec.ToRequest("")["mesosConfig"]!.DeepClone(), ["count"] = Spec.Count };
        var key = Valid ? body.ToJsonString() : null;
        if (key == _asked)
        {
            return;
        }

        _asked = key;
        _asking.Cancel();
        _asking.Dispose();
        _asking = new CancellationTokenSource();
        if (key is null)
        {
            (_answer, _problem) = (null, null);
        }
        else
        {
            _ = AskAsync(body, Spec.Count, _asking.Token);
        }
    }

    private async Task AskAsync(JsonObject body, int count, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(s_calm, Time, cancellationToken);
            var trial = await Session.In(Environment).CreateAsync("machineTrials", body, cancellationToken);
            (_answer, _all, _problem) = (trial.Text("message"), trial.Number("fits") >= count, null);
        }
        catch (CattleException e) when (!cancellationToken.IsCancellationRequested)
        {
            // What is wrong with a field is said there when the hosts are asked for.
            (_answer, _problem) = (null, e.Status == 503 ? $"Where it fits is not known now: {e.Detail}" : e.Status == 422 ? e.Detail : "Where it fits could not be asked.");
        }
        catch (Exception e) when (e is OperationCanceledException or CattleException)
        {
            return;
        }

        if (!cancellationToken.IsCancellationRequested)
        {
            await InvokeAsync(StateHasChanged);
        }
    }
}
