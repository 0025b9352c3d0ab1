using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Web.Hosts;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Host;

/// <summary>What the machine takes of its computer, measured from outside; read every few seconds while it is on the screen.</summary>
public sealed partial class UsagePanel : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _gone = new();
    private IReadOnlyList<MachineUsage> _samples = [];
    private Task _polling = Task.CompletedTask;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public string MachineId { get; set; } = "";

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _polling;
        _gone.Dispose();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            _polling = PollAsync();
        }
    }

    private async Task PollAsync()
    {
        for (var failures = 0; !_gone.IsCancellationRequested;)
        {
            try
            {
                var answer = await Session.In(Environment).SendAsync(HttpMethod.Get, $"machines/{MachineId}/usage", null, _gone.Token);
                _samples = HostView.Read(() => new JsonObject { ["samples"] = answer["samples"]?.DeepClone() }.Deserialize(MachineJson.Default.MachineUsageFile))?.Samples ?? [];
                failures = 0;
                await InvokeAsync(StateHasChanged);
            }
            catch (CattleException)
            {
                // A server that does not know it, or a scheduler that is away: the panel shows what was last known.
                failures++;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(Interval * Math.Min(1 + failures, 6), Time, _gone.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
