using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Drover.Scenarios.Tests;

/// <summary>The page as a person uses it, in a real Chromium: sign in, add a host, see it become active, delete it.</summary>
[Trait("needs", "chromium")]
public sealed class BrowserScenarios
{
    private const string Chromium = "/usr/bin/chromium";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_LoginAddHostActiveDelete()
    {
        if (!File.Exists(Chromium))
        {
            Assert.Skip($"{Chromium} is not installed (apt-get install chromium)");
        }

        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--accel", "simulated", "--no-host");
        var password = (await File.ReadAllTextAsync(Path.Combine(drover.Data, "initial-password"), Token)).Trim();

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Headless = true });
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 820 } });
        page.SetDefaultTimeout(180_000); // what a busy computer needs

        var said = new List<string>();
        page.Console += (_, message) => said.Add(message.Text);
        page.PageError += (_, error) => said.Add(error);
        try
        {
            await WalkAsync(page, drover, password);
        }
        catch (Exception e) when (e is TimeoutException or PlaywrightException)
        {
            Assert.Fail($"{e.Message}\nThe page is at {page.Url} and shows: {await page.Locator("body").InnerTextAsync()}\nIts console: {string.Join("; ", said)}\n{drover.DaemonLogTail()}");
        }
    }

    private static async Task WalkAsync(IPage page, DroverInstance drover, string password)
    {
        await page.GotoAsync(drover.Url);
        await page.GetByTestId("login-user").FillAsync("admin");
        await page.GetByTestId("login-password").FillAsync("not the password");
        await page.GetByTestId("login-submit").ClickAsync();
        await Assertions.Expect(page.GetByTestId("login-error")).ToBeVisibleAsync();

        await page.GetByTestId("login-user").FillAsync("admin");
        await page.GetByTestId("login-password").FillAsync(password);
        await page.GetByTestId("login-submit").ClickAsync();

        await page.Locator("[data-ready]").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await page.GetByTestId("add-host").First.ClickAsync();
        await page.GetByTestId("add-host-name").FillAsync("from-the-page");
        await page.GetByTestId("add-host-submit").ClickAsync();

        var card = page.GetByTestId("host-card-from-the-page");
        await Assertions.Expect(card.GetByTestId("host-state")).ToContainTextAsync("active", new() { IgnoreCase = true, Timeout = 180_000 });
        Assert.Equal("active", (string?)(await drover.HostsAsync(Token))["from-the-page"]["state"]);

        await card.GetByRole(AriaRole.Link).First.ClickAsync();
        await Assertions.Expect(page.GetByTestId("stage-bar")).ToBeVisibleAsync();
        await page.GetByTestId("host-delete").ClickAsync();
        await page.GetByTestId("confirm-delete").ClickAsync();

        // Back on the list, which shows it until it is gone.
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/hosts/?$"), new() { Timeout = 180_000 });
        await Assertions.Expect(card).ToHaveCountAsync(0, new() { Timeout = 180_000 });
        await Eventually.BecomesAsync("the host is gone", () => drover.HostsAsync(Token), hosts => hosts.Count == 0, TimeSpan.FromSeconds(60), Token);
    }
}
