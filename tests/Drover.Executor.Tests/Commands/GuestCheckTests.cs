using Drover.Executor.Commands;

namespace Drover.Executor.Tests.Commands;

public sealed class GuestCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Container_ThatEndedWell_TellsHowLongItTookAndWhere()
    {
        var outcome = GuestCheck.Read("c1", Facts(("containerStatus", "0"), ("containerId", "abc"), ("engineId", "E:1")), TimeSpan.FromSeconds(3.21), Now);
        Assert.True(outcome.Ok);
        Assert.Equal("A container was run in 3.2 s.", outcome.Message);
        Assert.Equal("""{"at":"2026-11-28T09:00:00Z","seconds":3.21,"containerId":"abc","engineId":"E:1"}""", outcome.Data!["check"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Theory]
    [InlineData("1", "nc: can't connect", "The container ended with '1' and said: nc: can't connect")]
    [InlineData("137", "", "The container ended with '137'.")]
    public void Container_ThatDidNot_IsAFailureWithWhatItSaid(string status, string output, string says)
    {
        var outcome = GuestCheck.Read("c1", Facts(("containerStatus", status), ("containerOutput", output)), TimeSpan.FromSeconds(1), Now);
        Assert.False(outcome.Ok);
        Assert.Equal(says, outcome.Message);
    }

    [Fact]
    public void Guest_ThatCouldNotTry_SaysWhy()
    {
        var outcome = GuestCheck.Read("c1", Facts(("error", "Docker does not answer")), TimeSpan.FromSeconds(1), Now);
        Assert.False(outcome.Ok);
        Assert.Equal("No container could be run: Docker does not answer", outcome.Message);
    }

    private static Dictionary<string, string> Facts(params (string Name, string Value)[] facts) => facts.ToDictionary(f => f.Name, f => f.Value, StringComparer.Ordinal);
}
