using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Images;

/// <summary>The form for a new image; what the server refuses is said at the field.</summary>
public sealed partial class AddImageDialog : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private string _name = "";
    private string _url = "";
    private string _sha256 = "";
    private string _boot = "bios";
    private (string Field, string Sentence)? _wrong;
    private string? _error;
    private bool _busy;

    [CascadingParameter]
    private IMudDialogInstance Dialog { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    /// <returns>True when the image is being added.</returns>
    public static async Task<bool> ShowAsync(IDialogService dialogs)
    {
        var dialog = await dialogs.ShowAsync<AddImageDialog>("Add image", new DialogOptions { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true, BackdropClick = false });
        return await dialog.Result is { Canceled: false };
    }

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private bool Wrong(string field) => _wrong?.Field == field;

    private string? Why(string field) => Wrong(field) ? _wrong!.Value.Sentence : null;

    private async Task SubmitAsync()
    {
        (_wrong, _error) = (null, null);
        if (_url.Trim().Length == 0)
        {
            _wrong = ("url", "The address of the image, such as https://example.org/disk.qcow2.");
            return;
        }

        var body = new JsonObject { ["name"] = _name.Trim(), ["url"] = _url.Trim(), ["boot"] = _boot };
        if (_sha256.Trim().Length > 0)
        {
            body["sha256"] = _sha256.Trim();
        }

        _busy = true;
        try
        {
            await Session.Client.CreateAsync("hostImages", body, _gone.Token);
            Dialog.Close();
        }
        catch (CattleException e) when (e.FieldName is "name" or "url" or "sha256")
        {
            _wrong = (e.FieldName, e.Detail ?? e.Message);
        }
        catch (CattleException e)
        {
            _error = e.Status == 401 ? "Your session has ended. Sign in again." : $"The image was not added: {e.Detail ?? e.Message}";
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        _busy = false;
    }
}
