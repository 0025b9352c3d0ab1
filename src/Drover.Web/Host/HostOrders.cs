using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;

namespace Drover.Web.Host;

/// <summary>Asks something of a machine, or changes what is kept about it; the page sees the new state at once.</summary>
internal sealed class HostOrders(ApiSession session, HostsFeed feed)
{
    /// <returns>Null when the server took it, else a sentence why it did not.</returns>
    public Task<string?> ActAsync(string environment, string machineId, string verb, JsonObject input, CancellationToken cancellationToken) =>
        TryAsync(() => session.In(environment).ActionAsync("machines", machineId, verb, input, cancellationToken));

    /// <returns>As of <see cref="ActAsync"/>.</returns>
    public Task<string?> ChangeAsync(string environment, string machineId, JsonObject change, CancellationToken cancellationToken) =>
        TryAsync(() => session.In(environment).UpdateAsync("machines", machineId, change, cancellationToken));

    private async Task<string?> TryAsync(Func<Task<CattleResource>> call)
    {
        try
        {
            feed.Apply(await call());
            return null;
        }
        catch (CattleException e)
        {
            return Refusal.Sentence(e, "change hosts of it");
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}

/// <summary>A part of the host page that asks things of the machine: one at a time, with the refusal beside it.</summary>
public abstract class HostPart : Microsoft.AspNetCore.Components.ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    [Microsoft.AspNetCore.Components.Parameter, Microsoft.AspNetCore.Components.EditorRequired]
    public string Environment { get; set; } = "";

    [Microsoft.AspNetCore.Components.Parameter, Microsoft.AspNetCore.Components.EditorRequired]
    public Hosts.HostView Host { get; set; } = null!;

    [Microsoft.AspNetCore.Components.Inject]
    internal HostOrders Orders { get; set; } = null!;

    /// <summary>A request is under way.</summary>
    protected bool Busy { get; private set; }

    /// <summary>Why the last one was refused.</summary>
    protected string? Problem { get; private set; }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    /// <returns>Whether the server took it.</returns>
    protected Task<bool> ActAsync(string verb, JsonObject? input = null) => RunAsync(token => Orders.ActAsync(Environment, Host.MachineId!, verb, input ?? [], token));

    /// <returns>Whether the server took it.</returns>
    protected Task<bool> ChangeAsync(JsonObject change) => RunAsync(token => Orders.ChangeAsync(Environment, Host.MachineId!, change, token));

    private async Task<bool> RunAsync(Func<CancellationToken, Task<string?>> call)
    {
        if (Busy)
        {
            return false;
        }

        Busy = true;
        Problem = await call(_gone.Token);
        Busy = false;
        return Problem is null;
    }
}
