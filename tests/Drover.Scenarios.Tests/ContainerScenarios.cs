using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Drover.Scenarios.Tests;

/// <summary>Containers as people use them, by the command line and in the page: real QEMU, real Docker, real Chromium.</summary>
[Trait("needs", "qemu")]
public sealed class ContainerScenarios
{
    private const string Chromium = "/usr/bin/chromium";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Containers_FromTheCommandLineAndThePage()
    {
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token, "--host-name", "web-1");
        await BusyboxImage.ImportAsync(drover, "web-1", Token);

        await RunsAsync(drover);
        await LooksInsideAsync(drover);
        await RefusesAsync(drover);
        await SurvivesAsync(drover);
        if (File.Exists(Chromium))
        {
            await BrowsesAsync(drover);
        }
        else
        {
            Assert.Skip($"{Chromium} is not installed (apt-get install chromium)");
        }
    }

    private static async Task RunsAsync(DroverInstance drover)
    {
        var once = await drover.RunAsync(Token, "run", "--rm", "--quiet", BusyboxImage.Name, "--", "sh", "-c", "echo out; echo err >&2; exit 3");
        Assert.Equal((3, "out\n", "err\n"), (once.ExitCode, once.Output, once.Error));

        // What ends at once keeps its exit code and what it said.
        await drover.MustAsync(Token, "run", "-d", "--name", "short", BusyboxImage.Name, "--", "sh", "-c", "echo last words; exit 7");
        var ended = await ContainerAsync(drover, "short", c => (string?)c["state"] == "stopped");
        Assert.Equal(7, (int?)ended["exitCode"]);
        Assert.Equal("last words\n", (await drover.MustAsync(Token, "logs", "short")).Output);
        await drover.MustAsync(Token, "rm", "short");

        var name = (await drover.MustAsync(Token, "run", "-d", "--name", "web", "--host", "web-1", "-p", "8080:80", "-e", "GREETING=hello", "-l", "tier=web", "-m", "64MiB", "--restart", "always", "--quiet",
            BusyboxImage.Name, "--", "sh", "-c", "seq 1 2000; while true; do date; sleep 1; done")).Output.Trim();
        Assert.Equal("web", name);
        var web = await ContainerAsync(drover, "web", c => (string?)c["state"] == "running");
        Assert.Equal(("web-1", "web", "8080:80/tcp"), ((string?)web["host"], (string?)web["labels"]!["tier"], (string?)web["ports"]![0]));
    }

    private static async Task LooksInsideAsync(DroverInstance drover)
    {
        var log = await drover.MustAsync(Token, "logs", "web");
        Assert.Equal(Enumerable.Range(1, 2000).Select(n => $"{n}"), log.Output.Split('\n').Take(2000));

        var exec = await drover.RunAsync(Token, "exec", "web", "--", "sh", "-c", "echo $GREETING; echo oops >&2; exit 5");
        Assert.Equal((5, "hello\n", "oops\n"), (exec.ExitCode, exec.Output, exec.Error));

        // Both directions, binary, and the end of what it reads.
        var bytes = RandomNumberGenerator.GetBytes(2_000_000);
        var hashed = await drover.RunProgramAsync(Path.Combine(DroverInstance.Programs, "drover"), bytes, Token, "exec", "-i", "web", "sha256sum");
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(bytes)), hashed.Output, StringComparison.Ordinal);

        // Terminals, with their size: in the container, and on the host itself.
        var program = Path.Combine(DroverInstance.Programs, "drover");
        var size = await drover.RunProgramAsync("script", null, Token, "-qec", $"stty rows 33 cols 111; {program} exec -it web -- sh -c 'sleep 1; stty size'", "/dev/null");
        Assert.Contains("33 111", size.Output, StringComparison.Ordinal);
        var shell = await drover.RunProgramAsync("script", "sleep 1; stty size; echo name=$(hostname); exit 9\n"u8.ToArray(), Token, "-qec", $"stty rows 44 cols 99; {program} host shell web-1", "/dev/null");
        Assert.Contains("44 99", shell.Output, StringComparison.Ordinal);
        Assert.Contains("name=web-1", shell.Output, StringComparison.Ordinal);
        Assert.Equal(9, shell.ExitCode);

        var file = Path.Combine(drover.Data, "file.bin");
        await File.WriteAllBytesAsync(file, bytes, Token);
        await drover.MustAsync(Token, "cp", file, "web:/file.bin");
        await drover.MustAsync(Token, "cp", "web:/file.bin", Path.Combine(drover.Data, "back.bin"));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(drover.Data, "back.bin"), Token));

        var stats = JsonNode.Parse((await drover.MustAsync(Token, "stats", "web", "--no-stream", "--format", "json")).Output)![0]!;
        Assert.InRange((long)stats["memoryBytes"]!, 1, 64L << 20);
        Assert.Equal(64L << 20, (long)stats["memoryLimit"]!);
        Assert.Contains(BusyboxImage.Name, (await drover.MustAsync(Token, "images")).Output, StringComparison.Ordinal);
    }

    private static async Task RefusesAsync(DroverInstance drover)
    {
        var missing = await drover.RunAsync(Token, "run", "-d", "--name", "missing", "nosuch.invalid/image:1");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("missing could not be made", missing.Error, StringComparison.Ordinal);
        Assert.Equal("error", (string?)(await ContainerAsync(drover, "missing", _ => true))["state"]);
        await drover.MustAsync(Token, "rm", "missing");

        Assert.Contains("name: There is a container 'web'", (await drover.RunAsync(Token, "run", "-d", "--name", "web", BusyboxImage.Name)).Error, StringComparison.Ordinal);
        Assert.Equal(7, (await drover.RunAsync(Token, "rm", "web")).ExitCode);
        Assert.Equal(3, (await drover.RunAsync(Token, "logs", "nosuch")).ExitCode);
        Assert.NotEqual(0, (await drover.RunAsync(Token, "exec", "web", "nosuch-program")).ExitCode);
    }

    private static async Task SurvivesAsync(DroverInstance drover)
    {
        var following = drover.RunAsync(Token, "logs", "-f", "--tail", "1", "web");
        drover.Daemon().Kill();
        Assert.Equal(5, (await following.WaitAsync(s_patience, Token)).ExitCode);

        await drover.UpAsync(Token);
        await ContainerAsync(drover, "web", c => (string?)c["state"] == "running");
        await drover.MustAsync(Token, "restart", "web");
        await drover.MustAsync(Token, "stop", "web");
        await ContainerAsync(drover, "web", c => (string?)c["state"] == "stopped");
        await drover.MustAsync(Token, "rm", "web");
        await Eventually.BecomesAsync("no container", () => drover.MustAsync(Token, "ps", "--all", "--format", "json"), r => JsonNode.Parse(r.Output)!.AsArray().Count == 0, s_patience, Token);
    }

    private static async Task BrowsesAsync(DroverInstance drover)
    {
        var password = (await File.ReadAllTextAsync(Path.Combine(drover.Data, "initial-password"), Token)).Trim();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Headless = true });
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1360, Height = 820 } });
        page.SetDefaultTimeout(120_000); // what a busy computer needs
        try
        {
            await WalkAsync(page, drover, password);
        }
        catch (Exception e) when (e is TimeoutException or PlaywrightException)
        {
            await ShotAsync(page, "container-failure");
            Assert.Fail($"{e.Message}\nThe page is at {page.Url} and shows: {await page.Locator("body").InnerTextAsync()}\n{drover.DaemonLogTail()}");
        }
    }

    /// <summary>Create from an image, follow the log, type in the shell, see the curves, stop, remove.</summary>
    private static async Task WalkAsync(IPage page, DroverInstance drover, string password)
    {
        await page.GotoAsync($"{drover.Url}/env/1a5/containers");
        await page.GetByTestId("login-user").FillAsync("admin");
        await page.GetByTestId("login-password").FillAsync(password);
        await page.GetByTestId("login-submit").ClickAsync();
        await page.Locator("[data-ready]").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

        await page.GetByTestId("run-first").Or(page.GetByTestId("run")).First.ClickAsync();
        await page.GetByTestId("run-image").FillAsync(BusyboxImage.Name);
        await page.GetByTestId("run-name").FillAsync("page");
        await page.GetByTestId("run-command").FillAsync("sh -c \"while true; do echo tick; sleep 1; done\"");
        await page.GetByTestId("run-submit").ClickAsync();
        var row = page.GetByTestId("container-page");
        await Assertions.Expect(row).ToContainTextAsync("running", new() { IgnoreCase = true, Timeout = 120_000 });
        await ShotAsync(page, "containers");

        await row.GetByRole(AriaRole.Link).First.ClickAsync();
        await Assertions.Expect(page.GetByTestId("log-text")).ToContainTextAsync("tick", new() { Timeout = 120_000 });
        await ShotAsync(page, "container-log");

        await page.GetByRole(AriaRole.Tab, new() { Name = "Shell" }).ClickAsync();
        var shell = page.GetByTestId("shell");
        await Assertions.Expect(shell).ToContainTextAsync("/ #", new() { Timeout = 120_000 });
        await shell.ClickAsync();
        await page.Keyboard.TypeAsync("echo $((40 + 2)) is what the shell says\n");
        await Assertions.Expect(shell).ToContainTextAsync("42 is what the shell says", new() { Timeout = 120_000 });
        await ShotAsync(page, "container-shell");

        await page.GetByRole(AriaRole.Tab, new() { Name = "Stats" }).ClickAsync();
        await Assertions.Expect(page.GetByTestId("stats").Locator("canvas").First).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await ShotAsync(page, "container-stats");

        await drover.MustAsync(Token, "stop", "page");
        await ContainerAsync(drover, "page", c => (string?)c["state"] == "stopped");
        await page.GetByTestId("container-remove").ClickAsync();
        await page.GetByTestId("confirm-remove").ClickAsync();
        await Eventually.BecomesAsync("no container", () => drover.MustAsync(Token, "ps", "--all", "--format", "json"), r => JsonNode.Parse(r.Output)!.AsArray().Count == 0, s_patience, Token);
    }

    /// <summary>Kept with the build, to be looked at.</summary>
    private static Task<byte[]> ShotAsync(IPage page, string name) => page.ScreenshotAsync(new() { Path = Path.Combine(DroverInstance.Home, "artifacts", "screenshots", $"{name}.png") });

    private static async Task<JsonObject> ContainerAsync(DroverInstance drover, string name, Func<JsonObject, bool> until)
    {
        JsonObject? found = null;
        await Eventually.BecomesAsync($"the container {name}", () => drover.MustAsync(Token, "ps", "--all", "--format", "json"),
            r => (found = JsonNode.Parse(r.Output)!.AsArray().OfType<JsonObject>().FirstOrDefault(c => (string?)c["name"] == name)) is not null && until(found), s_patience, Token);
        return found!;
    }
}
