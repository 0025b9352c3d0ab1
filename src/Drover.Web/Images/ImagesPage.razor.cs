using Drover.Api.Cattle;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Images;

/// <summary>The guest images of the server: list, add, confirm, verify, remove. They are the same in every environment.</summary>
/// <remarks>Images send no events: the list is read again each <see cref="Calm"/>, and each <see cref="Quick"/> while something moves.</remarks>
public sealed partial class ImagesPage
{
    public static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _gone = new();
    private IReadOnlyList<ImageView>? _images;
    private bool _mayAdd;
    private string? _problem;
    private string? _busy;
    private (string Name, string Sentence)? _refusal;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        if (RendererInfo.IsInteractive && Session.SignedIn)
        {
            _ = FollowAsync();
        }
    }

    protected override void OnHostsChanged()
    {
        // Hosts come and go beside; the images' users are read with the images.
    }

    protected override void Dispose(bool disposing)
    {
        _gone.Cancel();
        _gone.Dispose();
        base.Dispose(disposing);
    }

    private async Task FollowAsync()
    {
        var stop = _gone.Token;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await ReadAsync(stop);
                await Task.Delay(_images?.Any(image => image.Moves) == true ? Quick : Calm, Time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var page = await Session.Client.PageAsync("hostImages", cancellationToken);
            _images = [.. page.Data.Select(image => new ImageView(image))];
            _mayAdd = page.Json["createTypes"]?["hostImage"] is not null;
            _problem = null;
        }
        catch (CattleException e)
        {
            _problem = e.Status == 401 ? "Your session has ended. Sign in again." : $"The images cannot be read: {e.Message} It is tried again by itself.";
        }

        await InvokeAsync(StateHasChanged);
    }

    private bool IsBusy(ImageView image) => _busy == image.Name;

    private async Task ActAsync(ImageView image, string action)
    {
        (_busy, _refusal) = (image.Name, null);
        try
        {
            await Session.Client.ActionAsync("hostImages", image.Name, action, null, _gone.Token);
        }
        catch (CattleException e)
        {
            _refusal = (image.Name, e.Detail ?? e.Message);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            return;
        }

        _busy = null;
        await ReadAsync(_gone.Token);
    }

    private async Task AddAsync()
    {
        if (await AddImageDialog.ShowAsync(Dialogs))
        {
            await ReadAsync(_gone.Token);
        }
    }

    private async Task RemoveAsync(ImageView image)
    {
        if (await RemoveImageDialog.ShowAsync(Dialogs, image))
        {
            await ReadAsync(_gone.Token);
        }
    }
}
