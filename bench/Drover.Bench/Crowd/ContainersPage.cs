using System.Diagnostics;
using Microsoft.Playwright;

namespace Drover.Bench.Crowd;

/// <summary>The page of all containers in a headless Chromium: until its first rows stand, and how it scrolls while containers change.</summary>
internal static class ContainersPage
{
    private const string Chromium = "/usr/bin/chromium";
    private const int Views = 7;
    private const int Jumps = 10;

    /// <summary>Containers that change while the page is scrolled.</summary>
    private static readonly TimeSpan s_change = TimeSpan.FromMilliseconds(50);

    /// <summary>A thousand pixels a second, as fast as a wheel is turned, for five seconds: frames, the longest pause between two, and those that showed an empty place where a row belongs.</summary>
    private const string Scroll = """
        () => new Promise(done => {
          const began = performance.now(); let last = began, frames = 0, longest = 0, empty = 0;
          const step = now => {
            frames++; longest = Math.max(longest, now - last); last = now;
            const at = document.elementFromPoint(400, innerHeight - 60);
            if (!at?.closest('.crow')) empty++;
            if (now - began > 5000) { done([frames / 5, longest, 100 * empty / frames]); return; }
            scrollTo(0, (now - began)); requestAnimationFrame(step);
          };
          requestAnimationFrame(step);
        })
        """;

    /// <summary>To a place far away: milliseconds until a row stands there.</summary>
    private const string Jump = """
        part => new Promise(done => {
          scrollTo(0, part * document.documentElement.scrollHeight); const began = performance.now();
          const look = () => document.elementFromPoint(400, innerHeight / 2)?.closest('.crow') ? done(performance.now() - began) : requestAnimationFrame(look);
          requestAnimationFrame(look);
        })
        """;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Instance instance, int containers, Action change, CancellationToken cancellationToken)
    {
        if (!File.Exists(Chromium))
        {
            throw new InvalidOperationException($"{Chromium} is missing: apt-get install chromium.");
        }

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Headless = true });
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 820 } });
        await SignInAsync(page, instance, cancellationToken);
        List<double> loads = [], views = [];
        for (var view = 0; view < Views; view++)
        {
            loads.Add(await LoadAsync(page, instance, containers));
            views.Add(await ViewAsync(page));
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changing = ChangeAsync(change, over.Token);
        var scroll = await page.EvaluateAsync<double[]>(Scroll);
        List<double> jumps = [];
        for (var jump = 0; jump < Jumps; jump++)
        {
            jumps.Add(await page.EvaluateAsync<double>(Jump, (jump * 7 % Jumps) / (double)Jumps) / 1000);
        }

        await over.CancelAsync();
        await changing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return
        [
            new("containers page: from another page to its first rows", "s", views),
            new("containers page: loaded anew, to its first rows", "s", loads),
            new("containers page: scrolling, 20 changes a second", "frames/s", [scroll[0]]),
            new("containers page: scrolling, longest frame", "s", [scroll[1] / 1000]),
            new("containers page: scrolling, frames with an empty row in view", "%", [scroll[2]]),
            new("containers page: jump to rows far away", "s", jumps),
        ];
    }

    private static async Task SignInAsync(IPage page, Instance instance, CancellationToken cancellationToken)
    {
        var password = (await File.ReadAllTextAsync(Path.Combine(instance.Data, "initial-password"), cancellationToken)).Trim();
        await page.GotoAsync(Address(instance));
        await page.GetByTestId("login-user").FillAsync("admin");
        await page.GetByTestId("login-password").FillAsync(password);
        await page.GetByTestId("login-submit").ClickAsync();
        await page.Locator(".crow").First.WaitForAsync();
    }

    private static async Task<double> LoadAsync(IPage page, Instance instance, int containers)
    {
        var clock = Stopwatch.StartNew();
        await page.GotoAsync(Address(instance), new() { WaitUntil = WaitUntilState.Commit });
        await page.Locator(".crow").First.WaitForAsync();
        var seconds = clock.Elapsed.TotalSeconds;

        // All of them are counted before the next try.
        await Assertions.Expect(page.Locator(".ctable")).ToHaveAttributeAsync("aria-rowcount", $"{containers + 1}", new() { Timeout = 60_000 });
        return seconds;
    }

    /// <summary>As a person comes there: by the link in the bar.</summary>
    private static async Task<double> ViewAsync(IPage page)
    {
        await page.Locator("a[href$='/hosts']").First.ClickAsync();
        await page.Locator("article.card").First.WaitForAsync();
        var clock = Stopwatch.StartNew();
        await page.Locator("a[href$='/containers']").First.ClickAsync();
        await page.Locator(".crow").First.WaitForAsync();
        return clock.Elapsed.TotalSeconds;
    }

    private static string Address(Instance instance) => new Uri(instance.Url, "/env/1a5/containers").AbsoluteUri;

    private static async Task ChangeAsync(Action change, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_change);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            change();
        }
    }
}
