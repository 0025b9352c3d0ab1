using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;
using Drover.Web.Theme;
using Microsoft.AspNetCore.Components;

namespace Drover.Web;

/// <summary>The root of the pages in the circuit: takes over session and looks from the document, then shows the page of the address.</summary>
public sealed partial class Routes : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private string? _problem;

    // A page that is drawn before the environments are known would decide on nothing.
    private bool _ready;

    /// <summary>The session's token; encrypted by ASP.NET on its way from document to circuit.</summary>
    [Parameter]
    public string? Token { get; set; }

    [Parameter]
    public string? User { get; set; }

    [Parameter]
    public string Choice { get; set; } = Look.System;

    [Parameter]
    public bool Dark { get; set; }

    [Parameter]
    public string? LastEnvironment { get; set; }

    /// <summary>What the document's drawing has loaded, so that the circuit starts with it.</summary>
    [PersistentState]
    public List<EnvironmentChoice>? Environments { get; set; }

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal Look Look { get; set; } = null!;

    [Inject]
    internal TimeProvider Time { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        Look.Set(Choice, Dark);
        Look.Changed += Draw;
        if (Token is null)
        {
            _ready = true;
            return;
        }

        Session.Begin(Token, User, LastEnvironment);
        if (Environments is not null)
        {
            Session.Resume(Environments);
            _ready = true;
            return;
        }

        await LoadAsync();
        if (_problem is not null && RendererInfo.IsInteractive)
        {
            _ = KeepTryingAsync();
        }
    }

    public void Dispose()
    {
        Look.Changed -= Draw;
        _gone.Cancel();
        _gone.Dispose();
    }

    private async Task LoadAsync()
    {
        try
        {
            await Session.LoadAsync(_gone.Token);
            Environments = [.. Session.Environments];
            (_problem, _ready) = (null, true);
        }
        catch (CattleException e) when (e.Status is 401 or 403)
        {
            Navigation.NavigateTo(ReturnUrl.SignIn(Navigation.ToBaseRelativePath(Navigation.Uri)), forceLoad: true);
        }
        catch (CattleException e)
        {
            _problem = e.Message;
        }
    }

    private async Task KeepTryingAsync()
    {
        for (var attempt = 1; _problem is not null && !_gone.IsCancellationRequested; attempt++)
        {
            await Task.Delay(Backoff.Delay(attempt, Random.Shared), Time, _gone.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await TryAgainAsync();
        }
    }

    private async Task TryAgainAsync()
    {
        if (!_gone.IsCancellationRequested)
        {
            await LoadAsync();
            StateHasChanged();
        }
    }

    private void Draw(object? sender, EventArgs e) => _ = InvokeAsync(StateHasChanged);
}
