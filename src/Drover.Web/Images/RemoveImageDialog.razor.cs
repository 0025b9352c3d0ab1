using Drover.Api.Cattle;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Images;

/// <summary>Asks once, by name, says who uses the image, and removes it.</summary>
public sealed partial class RemoveImageDialog : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private string? _error;
    private bool _busy;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = null!;

    [Parameter, EditorRequired]
    public ImageView Image { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    /// <returns>True when it is removed.</returns>
    public static async Task<bool> ShowAsync(IDialogService dialogs, ImageView image)
    {
        var dialog = await dialogs.ShowAsync<RemoveImageDialog>("Remove", new DialogParameters<RemoveImageDialog> { { d => d.Image, image } }, new DialogOptions { MaxWidth = MaxWidth.ExtraSmall, FullWidth = true, CloseOnEscapeKey = true });
        return await dialog.Result is { Canceled: false };
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private async Task RemoveAsync()
    {
        (_busy, _error) = (true, null);
        try
        {
            // The users stand in the question: who answered it has seen them.
            await Session.Client.SendAsync(HttpMethod.Delete, $"hostImages/{Image.Name}{(Image.Machines.Count > 0 ? "?force=true" : "")}", null, _gone.Token);
            Dialog.Close();
        }
        catch (CattleException e) when (e.Status == 404)
        {
            // Somebody else was quicker: it is what was wanted.
            Dialog.Close();
        }
        catch (CattleException e)
        {
            _error = $"{Image.Name} was not removed: {e.Detail ?? e.Message}";
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        _busy = false;
    }
}
