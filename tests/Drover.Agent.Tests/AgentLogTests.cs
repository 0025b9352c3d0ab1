namespace Drover.Agent.Tests;

public sealed class AgentLogTests
{
    [Fact]
    public void Log_SameLineInARow_IsWrittenOnce()
    {
        using var writer = new StringWriter();
        var log = new AgentLog(writer);
        log.Say("no link");
        log.Say("no link");
        log.Say("linked\nto x");
        log.Say("no link");
        Assert.Equal(["drover: no link", "drover: linked to x", "drover: no link", ""], writer.ToString().ReplaceLineEndings("\n").Split('\n'));
    }
}
