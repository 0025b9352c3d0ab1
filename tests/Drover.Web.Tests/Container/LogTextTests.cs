using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Drover.Web.Tests.Container;

/// <summary>The page's scripts that need no browser, tested by node, which also bundles them.</summary>
public sealed class LogTextTests
{
    [Fact]
    public async Task Scripts_ByNode_PassTheirTests()
    {
        var start = new ProcessStartInfo("node", ["--test", "--test-reporter=tap", Path.Combine(Folder(), "logText.test.mjs")]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(node.ExitCode == 0, await output + await errors);
        Assert.Contains("# pass 9", await output, StringComparison.Ordinal);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
