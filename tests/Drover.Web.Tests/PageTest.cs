using Drover.Web.Live;
using Drover.Web.Session;
using Drover.Web.Tests.Fakes;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Time.Testing;
using MudBlazor;
using MudBlazor.Services;

namespace Drover.Web.Tests;

/// <summary>A component on its own: signed in at a <see cref="FakeCattle"/>, with a clock that the test moves.</summary>
public abstract class PageTest : IAsyncLifetime
{
    /// <summary>Only for what never comes: a busy computer may take its time for a request.</summary>
    static PageTest() => BunitContext.DefaultWaitTimeout = TimeSpan.FromMinutes(1);

    protected BunitContext Page { get; } = new();

    protected FakeTimeProvider Time { get; } = new(Some.Now);

    protected FakeCattle Cattle { get; private set; } = null!;

    internal ApiSession Session => Page.Services.GetRequiredService<ApiSession>();

    internal HostsFeed Feed => Page.Services.GetRequiredService<HostsFeed>();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync()
    {
        Cattle = await FakeCattle.StartAsync();
        Page.JSInterop.Mode = JSRuntimeMode.Loose;
        Page.Services.AddSingleton<TimeProvider>(Time);
        Page.Services.AddMudServices(o => o.PopoverOptions.CheckForPopoverProvider = false);
        Page.Services.AddSingleton(new WebOptions { Api = Cattle.Api });
        Page.Services.AddHttpClient(ApiSession.HttpClientName);
        Page.Services.AddCircuit();
        Page.Renderer.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        Session.Begin(FakeCattle.Token, FakeCattle.User, last: null);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Page.DisposeAsync();
        await Cattle.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Waits for a state that real HTTP and timers of <see cref="Time"/> lead to: moves the clock by half a second each 20 ms.</summary>
    protected async Task UntilAsync(Func<bool> state, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(state))] string? what = null)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !state();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), $"Did not come true: {what}");
            Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(20, Token);
        }
    }

    /// <summary>Draws a dialog through the dialog service, as the pages open it.</summary>
    internal async Task<IRenderedComponent<MudDialogProvider>> OpenAsync(Func<IDialogService, Task> show)
    {
        var provider = Page.Render<MudDialogProvider>();
        var dialogs = Page.Services.GetRequiredService<IDialogService>();
        await provider.InvokeAsync(() =>
        {
            _ = show(dialogs);
        });
        return provider;
    }
}
