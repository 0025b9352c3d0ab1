using System.Security.Cryptography;

namespace Drover.Scenarios.Tests;

/// <summary>A person's own docker and docker-compose at a host's Docker: real clients, real QEMU, real Docker.</summary>
[Trait("needs", "qemu")]
public sealed class DockerScenarios
{
    private const int BigLayer = 200 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StockClients_WorkThroughTheLink_AndSurviveAKillOfTheServer()
    {
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token, "--host-name", "web-1");
        var shell = new DockerShell(drover, await EnvAsync(drover));
        try
        {
            await RunsAsync(drover, shell);
            await ComposesAsync(drover, shell);
            await LoadsAsync(drover, shell);
            await SurvivesAsync(drover, shell);
        }
        finally
        {
            Assert.Contains("unset DOCKER_HOST", (await drover.RunAsync(Token, "docker-env", "--unset", "web-1")).Output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(drover.Processes(), process => process.Name == "drover");
    }

    private static async Task RunsAsync(DroverInstance drover, DockerShell shell)
    {
        await BusyboxImage.ImportAsync(drover, "web-1", Token);
        Assert.Equal("hello", (await shell.MustAsync("run", "--rm", "bb:1", "/bin/echo", "hello")).Trim());
        Assert.Equal(3, (await shell.RunAsync(null, "run", "--rm", "bb:1", "/bin/sh", "-c", "exit 3")).ExitCode);
        await shell.MustAsync("run", "-d", "--name", "long", "bb:1", "/bin/sh", "-c", "seq 1 2000; sleep 1000");

        // Both directions, binary, and the end of what it reads.
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);
        var echoed = await shell.RunAsync(bytes, "exec", "-i", "long", "/bin/sha256sum");
        Assert.StartsWith(Convert.ToHexStringLower(SHA256.HashData(bytes)), echoed.Output, StringComparison.Ordinal);

        // A terminal, with its size.
        var size = await drover.RunProgramAsync("script", null, Token, "-qec", $"stty rows 33 cols 111; DOCKER_HOST={shell.Address} docker exec -it long /bin/sh -c 'sleep 1; stty size'", "/dev/null");
        Assert.Contains("33 111", size.Output, StringComparison.Ordinal);

        Assert.Equal(string.Join('\n', Enumerable.Range(1, 2000)), (await shell.MustAsync("logs", "long")).Trim());
        await shell.MustAsync("cp", "-L", "long:/bin/busybox", Path.Combine(drover.Data, "busybox"));
        Assert.Equal(await File.ReadAllBytesAsync("/bin/busybox", Token), await File.ReadAllBytesAsync(Path.Combine(drover.Data, "busybox"), Token));

        var context = Directory.CreateDirectory(Path.Combine(drover.Data, "context")).FullName;
        await File.WriteAllTextAsync(Path.Combine(context, "Dockerfile"), "FROM bb:1\nCOPY a.txt /a.txt\nRUN [\"/bin/cat\", \"/a.txt\"]\nCMD [\"/bin/cat\", \"/a.txt\"]\n", Token);
        await File.WriteAllTextAsync(Path.Combine(context, "a.txt"), "content of the build", Token);
        await shell.MustAsync("build", "-q", "-t", "built", context);
        Assert.Equal("content of the build", await shell.MustAsync("run", "--rm", "built"));

        // What the host's Docker cannot do, the client says in Docker's words.
        Assert.Contains("Error response from daemon", (await shell.RunAsync(null, "pull", "nosuch.invalid/image:1")).Error, StringComparison.Ordinal);
        Assert.Equal("bb", (await drover.MustAsync(Token, "docker", "web-1", "--", "images", "-q", "--format", "{{.Repository}}", "bb")).Output.Trim());
    }

    private static async Task ComposesAsync(DroverInstance drover, DockerShell shell)
    {
        var file = Path.Combine(drover.Data, "docker-compose.yml");
        await File.WriteAllTextAsync(file, "version: \"2.4\"\nservices:\n  a:\n    image: bb:1\n    command: /bin/sleep 1000\n  b:\n    image: bb:1\n    command: /bin/sh -c 'echo from-b; sleep 1000'\n", Token);
        await shell.ComposeAsync("-f", file, "-p", "t", "up", "-d");
        Assert.Contains("from-b", (await shell.ComposeAsync("-f", file, "-p", "t", "logs", "--no-color")).Output, StringComparison.Ordinal);
        await shell.ComposeAsync("-f", file, "-p", "t", "down", "-t", "0");
        Assert.Equal("long", (await shell.MustAsync("ps", "--format", "{{.Names}}")).Trim());
    }

    /// <summary>An image with a layer of 200 MB, as <c>docker save</c> writes it.</summary>
    private static async Task LoadsAsync(DroverInstance drover, DockerShell shell)
    {
        var folder = Directory.CreateDirectory(Path.Combine(drover.Data, "big")).FullName;
        await using (var blob = File.Create(Path.Combine(folder, "blob")))
        {
            var block = RandomNumberGenerator.GetBytes(1 << 20);
            for (var written = 0; written < BigLayer; written += block.Length)
            {
                await blob.WriteAsync(block, Token);
            }
        }

        var saved = Path.Combine(drover.Data, "big.tar");
        await SavedImage.WriteAsync(saved, folder, "big:1", Token);
        await shell.MustAsync("load", "-i", saved);
        Assert.True(long.Parse((await shell.MustAsync("image", "inspect", "-f", "{{.Size}}", "big:1")).Trim(), System.Globalization.CultureInfo.InvariantCulture) >= BigLayer);
    }

    private static async Task SurvivesAsync(DroverInstance drover, DockerShell shell)
    {
        var waiting = shell.RunAsync(null, "wait", "long");
        await Eventually.BecomesAsync("the client waits", () => shell.RunAsync(null, "ps", "-q"), r => r.ExitCode == 0, TimeSpan.FromSeconds(30), Token);
        drover.Daemon().Kill();
        Assert.NotEqual(0, (await waiting.WaitAsync(TimeSpan.FromMinutes(1), Token)).ExitCode);
        Assert.Contains("No answer from", (await shell.RunAsync(null, "ps")).Error, StringComparison.Ordinal);

        await drover.UpAsync(Token);
        await Eventually.BecomesAsync("the same socket leads to the host again", () => shell.RunAsync(null, "ps", "--format", "{{.Names}}"), r => r.Output.Trim() == "long", TimeSpan.FromMinutes(1), Token);

        await drover.MustAsync(Token, "host", "stop", "web-1");
        Assert.Contains("not connected", (await shell.RunAsync(null, "ps")).Error, StringComparison.Ordinal);
        var refused = await drover.RunAsync(Token, "docker", "web-1", "--", "ps");
        Assert.Equal(7, refused.ExitCode);
        Assert.Contains("web-1 is stopped", refused.Error, StringComparison.Ordinal);
    }

    private static async Task<string> EnvAsync(DroverInstance drover)
    {
        var first = (await drover.MustAsync(Token, "docker-env", "web-1")).Output;
        Assert.StartsWith("export DOCKER_HOST=unix://", first, StringComparison.Ordinal);

        // Asked twice, there is one process.
        Assert.Equal(first, (await drover.MustAsync(Token, "docker-env", "web-1")).Output);
        Assert.Single(drover.Processes(), process => process.Name == "drover");
        return first.Split('\n')[0]["export DOCKER_HOST=".Length..].Trim();
    }

    /// <summary>A shell in which <c>eval $(drover docker-env web-1)</c> was said.</summary>
    private sealed class DockerShell(DroverInstance drover, string address)
    {
        public string Address => address;

        public Task<CommandResult> RunAsync(byte[]? input, params string[] arguments) => ClientAsync("docker", input, arguments);

        public async Task<string> MustAsync(params string[] arguments)
        {
            var result = await RunAsync(null, arguments);
            Assert.True(result.ExitCode == 0, $"docker {result.Command} ended with {result.ExitCode}:\n{result.Output}\n{result.Error}\n{drover.DaemonLogTail()}");
            return result.Output;
        }

        public async Task<CommandResult> ComposeAsync(params string[] arguments)
        {
            var result = await ClientAsync("docker-compose", null, arguments);
            Assert.True(result.ExitCode == 0, $"docker-compose {result.Command} ended with {result.ExitCode}:\n{result.Output}\n{result.Error}");
            return result;
        }

        private Task<CommandResult> ClientAsync(string program, byte[]? input, string[] arguments) =>
            drover.RunProgramAsync("env", input, Token, [$"DOCKER_HOST={address}", "DOCKER_BUILDKIT=0", program, .. arguments]);
    }
}
