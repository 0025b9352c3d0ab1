using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Drover.Scenarios.Tests;

/// <summary>A cloud image that knows nothing of Drover becomes a host: cloud-init reads the seed, and the guest fetches the agent.</summary>
/// <remarks>The image is made from Debian's packages (about 90 s, kept in <c>~/.cache/drover</c>) and boots in one to two minutes under emulation. One scenario, therefore.</remarks>
[Trait("needs", "qemu")]
public sealed class CloudImageScenarios
{
    private const string Image = "cloud-test";
    private const string WithoutDocker = "cloud-test-without-docker";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CloudImage_AddedFromAFile_BecomesAHostWithThePersonsUserData()
    {
        var file = await MakeImageAsync();
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--no-host");

        // The folder of images is the checkout's: a run that was killed may have left it there.
        await drover.RunAsync(Token, "image", "rm", Image, "--force");
        await drover.MustAsync(Token, "image", "add", Image, file);
        try
        {
            await HostAsync(drover);
        }
        finally
        {
            await drover.RunAsync(Token, "image", "rm", Image, "--force");
        }
    }

    /// <summary>The guest reaches no mirror here, so that the person's user data names a repository that this computer serves. The installation takes minutes under emulation.</summary>
    [Fact]
    public async Task CloudImage_WithoutDocker_InstallsItFromTheRepositoryOfThePersonsUserData()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("DROVER_TEST_CLOUD_INSTALL") == "1", "Minutes of dpkg under emulation: set DROVER_TEST_CLOUD_INSTALL=1.");
        var file = await MakeImageAsync("--without-docker");
        using var repository = new FileServer(await MakeAsync("docker-repository.sh"));
        await using var drover = DroverInstance.Create();
        await drover.UpAsync(Token, "--no-host");
        await drover.RunAsync(Token, "image", "rm", WithoutDocker, "--force");
        await drover.MustAsync(Token, "image", "add", WithoutDocker, file);
        try
        {
            var userData = Path.Combine(drover.Data, "user-data");
            await File.WriteAllTextAsync(userData, $"#cloud-config\napt:\n  sources_list: |\n    deb [trusted=yes] http://10.0.2.2:{repository.Port} ./\n", Token);
            await drover.MustAsync(Token, "host", "create", "bare", "--image", WithoutDocker, "--user-data", userData, "--cpus", "2");

            var host = (await drover.HostsAsync(Token))["bare"];
            Assert.Equal("active", (string?)host["state"]);
            Assert.StartsWith("20.10", (string?)host["dockerVersion"], StringComparison.Ordinal);
            var console = (await drover.MustAsync(Token, "host", "console", "bare")).Output;
            Assert.Contains("drover: Docker is being installed", console, StringComparison.Ordinal);
            Assert.DoesNotContain("could not be installed", console, StringComparison.Ordinal);
            await drover.MustAsync(Token, "host", "rm", "bare", "--yes");
        }
        finally
        {
            await drover.RunAsync(Token, "image", "rm", WithoutDocker, "--force");
        }
    }

    private static async Task HostAsync(DroverInstance drover)
    {
        var userData = Path.Combine(drover.Data, "user-data");
        await File.WriteAllTextAsync(userData, "#cloud-config\nwrite_files:\n- {path: /etc/marker, content: written}\nruncmd:\n- [sh, -c, 'echo marker=$(cat /etc/marker) host=$(hostname) >/dev/console']\n", Token);

        var wrong = await drover.RunAsync(Token, "host", "create", "no-cloud-init", "--user-data", userData);
        Assert.Contains("does not run cloud-init", wrong.Error, StringComparison.Ordinal);
        await drover.MustAsync(Token, "host", "create", "cloud-1", "--image", Image, "--user-data", userData, "--cpus", "2");

        var host = (await drover.HostsAsync(Token))["cloud-1"];
        Assert.Equal("active", (string?)host["state"]);
        Assert.Contains("Debian", (string?)host["operatingSystem"], StringComparison.Ordinal);
        await Eventually.BecomesAsync("cloud-init ran the person's command", () => drover.MustAsync(Token, "host", "console", "cloud-1"),
            console => console.Output.Contains("marker=written host=cloud-1", StringComparison.Ordinal), TimeSpan.FromMinutes(5), Token);

        var image = JsonNode.Parse((await drover.MustAsync(Token, "image", "show", Image, "--format", "json")).Output)![0]!;
        Assert.Equal("cloud-1", (string?)image["machines"]![0]);
        Assert.NotEmpty(image["cachedOn"]!.AsArray());
        Assert.Contains("cloud-1", (await drover.RunAsync(Token, "image", "rm", Image)).Error, StringComparison.Ordinal);
        await drover.MustAsync(Token, "host", "rm", "cloud-1", "--yes");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(drover.Data, "mesos"), "seed.iso", SearchOption.AllDirectories));
    }

    private static Task<string> MakeImageAsync(params string[] options)
    {
        Assert.SkipUnless(Environment.UserName == "root", "Making the test image needs root.");
        Assert.SkipUnless(Installed("grub-mkimage", "mkfs.vfat", "mcopy", "genisoimage", "mmdebstrap"), "grub-common, dosfstools, mtools, genisoimage or mmdebstrap is not installed.");
        return MakeAsync("build.sh", options);
    }

    /// <summary>What a script of <c>images/cloud-test</c> made: it prints the path.</summary>
    private static async Task<string> MakeAsync(string script, params string[] options)
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(DroverInstance.Home, "images", "cloud-test", script), options) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = build.StandardError.ReadToEndAsync(Token);
        var path = (await build.StandardOutput.ReadToEndAsync(Token)).Trim();
        await build.WaitForExitAsync(Token);
        Assert.True(build.ExitCode == 0, await errors);
        return path;
    }

    private static bool Installed(params string[] programs) =>
        programs.All(program => new[] { "/usr/bin", "/usr/sbin", "/sbin" }.Any(folder => File.Exists(Path.Combine(folder, program))));
}
