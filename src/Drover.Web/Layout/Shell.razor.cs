using Drover.Web.Live;
using Drover.Web.Session;
using Drover.Web.Theme;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;

namespace Drover.Web.Layout;

/// <summary>The bar above every page: environment, places, whether the page is live, looks, sign-out.</summary>
public sealed partial class Shell : IDisposable
{
    private static readonly (string Path, string Label, string Key)[] More = [("processes", "Processes", "g p"), ("audit", "Audit log", "g a"), ("keys", "API keys", "g k"), ("settings", "Settings", "g s")];

    private DotNetObjectReference<Shell>? _self;
    private string? _remembered;

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    internal HostsFeed Feed { get; set; } = null!;

    [Inject]
    internal Look Look { get; set; } = null!;

    [Inject]
    internal Browser Browser { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IDialogService Dialogs { get; set; } = null!;

    private EnvironmentChoice? Current =>
        Session.Environments.FirstOrDefault(e => e.Id == AddressedEnvironment) ?? (AddressedEnvironment is { } id ? new EnvironmentChoice(id, id) : Session.Preferred);

    /// <summary>From an address such as <c>/env/1a5/hosts</c>.</summary>
    private string? AddressedEnvironment =>
        Navigation.ToBaseRelativePath(Navigation.Uri).Split('?', '#')[0].Split('/') is ["env", { Length: > 0 } id, ..] ? Uri.UnescapeDataString(id) : null;

    private string LookIcon => Look.Dark ? Icons.Material.Outlined.DarkMode : Icons.Material.Outlined.LightMode;

    [JSInvokable]
    public void SystemThemeChanged(bool dark) => Look.Set(Look.Choice, dark);

    public void Dispose()
    {
        Feed.Changed -= Changed;
        Look.Changed -= Changed;
        _self?.Dispose();
    }

    protected override void OnInitialized()
    {
        Feed.Changed += Changed;
        Look.Changed += Changed;
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            Look.Set(Look.Choice, await Browser.AskAsync<bool?>("theme") ?? Look.Dark);
            await Browser.CallAsync("watchTheme", _self);
        }

        if (AddressedEnvironment is { } environment && environment != _remembered)
        {
            _remembered = environment;
            await Browser.CallAsync("remember", environment);
        }
    }

    private async Task ChooseAsync(string choice) => Look.Set(choice, await Browser.AskAsync<bool?>("theme", choice) ?? choice == "dark");

    private string Chosen(string choice) => choice == Look.Choice ? " ✓" : "";

    private Task<IDialogReference> ShowKeysAsync() => Dialogs.ShowAsync<KeysDialog>("Keys", new DialogOptions { CloseOnEscapeKey = true, CloseButton = true, MaxWidth = MaxWidth.ExtraSmall, FullWidth = true });

    private void Changed(object? sender, EventArgs e) => _ = InvokeAsync(() =>
    {
        if (Feed.State == FeedState.SignedOut)
        {
            Navigation.NavigateTo(ReturnUrl.SignIn(Navigation.ToBaseRelativePath(Navigation.Uri), expired: true), forceLoad: true);
        }

        StateHasChanged();
    });
}
