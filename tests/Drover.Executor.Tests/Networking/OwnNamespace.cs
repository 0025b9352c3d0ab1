using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Drover.Testing;

/// <summary>Runs a test in a network of its own, where it may do everything: this program once more, below unshare(1), for that one test.</summary>
internal static class OwnNamespace
{
    private const string Inside = "DROVER_TEST_INSIDE";

    /// <summary>Outside: runs the calling test inside, and passes on how it ended. Inside: runs <paramref name="body"/>.</summary>
    /// <param name="minutes">After that the test has failed, and all that it started is ended.</param>
    internal static async Task RunAsync(Func<Task> body, int minutes = 3, [CallerMemberName] string method = "", [CallerFilePath] string file = "")
    {
        if (Environment.GetEnvironmentVariable(Inside) is not null)
        {
            await body();
            return;
        }

        SkipUnlessPossible();

        // The shell stays as process 1: as that, the framework would reap children that are not its own.
        var start = new ProcessStartInfo("unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", "mount -t sysfs none /sys && ip link set lo up && \"$@\"; exit $?", "sh", Environment.ProcessPath!, "-noLogo", "-noColor", "-method", $"*.{Path.GetFileNameWithoutExtension(file)}.{method}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Inside] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(minutes));
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // All that it started is in its process namespace and ends with it.
            process.Kill();
            throw;
        }

        var said = await output + await error;
        Assert.True(process.ExitCode == 0 && said.Contains("Total: 1,", StringComparison.Ordinal), said);
    }

    /// <summary>What a program says, which must succeed.</summary>
    internal static async Task<string> SayAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await error}");
        return await output;
    }

    private static void SkipUnlessPossible()
    {
        var missing = new[] { "ip", "nft", "dnsmasq", "unshare" }.Where(program => !new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, program)))).ToList();
        Assert.SkipWhen(missing.Count > 0, $"needs {string.Join(", ", missing)} (iproute2, nftables, dnsmasq-base)");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
    }
}
