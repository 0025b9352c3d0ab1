using Drover.Api.Cattle;
using Drover.Web.Figures;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Host;

/// <summary>Asks once, by name, says what goes with it, and deletes.</summary>
public sealed partial class DeleteHostDialog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _gone = new();
    private bool _busy;
    private string? _error;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = null!;

    [Parameter, EditorRequired]
    public string Environment { get; set; } = "";

    [Parameter, EditorRequired]
    public HostView Host { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal HostsFeed Feed { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    private string Containers => Host.Load?.Containers is > 0 and { } count ? $", {Figure.Count(count, "container", "containers")} among it" : "";

    /// <returns>True when the host is being deleted.</returns>
    public static async Task<bool> ShowAsync(IDialogService dialogs, string environment, HostView host)
    {
        var parameters = new DialogParameters<DeleteHostDialog> { { d => d.Environment, environment }, { d => d.Host, host } };
        var dialog = await dialogs.ShowAsync<DeleteHostDialog>("Delete", parameters, new DialogOptions { MaxWidth = MaxWidth.ExtraSmall, FullWidth = true, CloseOnEscapeKey = true });
        return await dialog.Result is { Canceled: false };
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private async Task DeleteAsync()
    {
        (_busy, _error) = (true, null);
        try
        {
            var api = Session.In(Environment);
            Feed.Apply(Host.MachineId is { } machine ? await api.DeleteAsync("machines", machine, _gone.Token) : await RemoveHostAsync(api, Host.HostId!));
            Dialog.Close();
        }
        catch (CattleException e) when (e.Status is 404 or 410)
        {
            // Somebody else was quicker: it is what was wanted.
            Feed.Refresh();
            Dialog.Close();
        }
        catch (CattleException e)
        {
            _error = e switch
            {
                { Status: 401 } => "Your session has ended. Sign in again.",
                { Status: 403 } => "You may look at this environment, but not delete hosts of it. Ask one of its owners.",
                { IsTransient: true } => $"The server does not answer, so it is not known whether the request arrived: {e.Message} Asking again does no harm.",
                _ => $"{Host.Name} was not deleted: {e.Message}.",
            };
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        _busy = false;
    }

    /// <summary>A host without a machine is deactivated first: the API refuses to delete an active one (405).</summary>
    private async Task<CattleResource> RemoveHostAsync(CattleClient api, string id)
    {
        var host = await api.GetAsync("hosts", id, _gone.Token);
        if (host?.ActionUrl("deactivate") is not null)
        {
            host = await api.ActionAsync("hosts", id, "deactivate", null, _gone.Token);
        }

        for (var until = Time.GetUtcNow() + Patience; host?.Transitioning == "yes" && Time.GetUtcNow() < until;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), Time, _gone.Token);
            host = await api.GetAsync("hosts", id, _gone.Token);
        }

        return await api.DeleteAsync("hosts", id, _gone.Token);
    }
}
