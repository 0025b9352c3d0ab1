using System.Text.RegularExpressions;

namespace Drover.Architecture.Tests;

/// <summary>ARCHITECTURE.md draws the lives as the code does.</summary>
public sealed partial class DrawingTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Repository.Root, "ARCHITECTURE.md"));

    [Theory]
    [InlineData("Drover.Scheduler/Requests/RequestLifecycle.cs")]
    [InlineData("Drover.Scheduler/Pool/PoolLifecycle.cs")]
    [InlineData("Drover.Executor/Machines/MachineLifecycle.cs")]
    [InlineData("Drover.Server/Images/ImageLifecycle.cs")]
    [InlineData("Drover.Agent/Session/SessionLifecycle.cs")]
    public void Drawing_OfALife_IsTheOneOfItsTable(string file)
    {
        var block = CodeBlock().Match(File.ReadAllText(Path.Combine(Repository.Root, "src", file)));
        Assert.True(block.Success, $"{file} has no drawing");
        var lines = block.Groups["drawing"].Value.Split('\n').Select(l => Comment().Replace(l, "").TrimEnd()).Where(l => l.Length > 0).ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Contains(line, Document, StringComparison.Ordinal));
    }

    [Fact]
    public void MachineStates_OfTheServersTable_AreAllDrawn()
    {
        var table = File.ReadAllText(Path.Combine(Repository.Root, "src", "Drover.Server/Processes/Lifecycle.cs"));
        var machine = table[table.IndexOf("Lifecycle Machine", StringComparison.Ordinal)..table.IndexOf("Lifecycle Host", StringComparison.Ordinal)];
        var during = During().Matches(machine).Select(m => m.Groups["state"].Value).Except(["updating", "purging"], StringComparer.Ordinal).ToList();
        Assert.Contains("creating", during);
        Assert.All(during, state => Assert.Contains(state, Document, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"<code>(?<drawing>.*?)</code>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^\s*/// ?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\], ""(?<state>[a-z-]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex During();
}
