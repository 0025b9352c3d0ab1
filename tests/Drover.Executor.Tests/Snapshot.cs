using System.Runtime.CompilerServices;

namespace Drover.Executor.Tests;

/// <summary>Compares a text with the one that was reviewed and committed beside the test.</summary>
internal static class Snapshot
{
    internal static async Task MatchAsync(string received, string name, [CallerFilePath] string test = "")
    {
        var verified = Path.Combine(Path.GetDirectoryName(test)!, name + ".verified.txt");
        var expected = File.Exists(verified) ? await File.ReadAllTextAsync(verified, TestContext.Current.CancellationToken) : "";
        if (expected != received)
        {
            await File.WriteAllTextAsync(verified.Replace(".verified.", ".received.", StringComparison.Ordinal), received, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected, received);
    }
}
