namespace Drover.Agent.Tests;

public sealed class AgentOptionsTests
{
    [Fact]
    public void Options_Without_AreThoseOfAGuest()
    {
        Assert.True(AgentOptions.TryParse([], out var options, out _));
        Assert.Equal("/dev/virtio-ports/io.drover.agent.0", options.Channel);
        Assert.Equal("/var/lib/drover", options.State);
        Assert.False(options.Simulated);
    }

    [Fact]
    public void Options_AllGiven_AreTaken()
    {
        Assert.True(AgentOptions.TryParse(["--simulated", "--channel", "a.sock", "--state", "s"], out var options, out _));
        Assert.Equal(new AgentOptions { Simulated = true, Channel = "a.sock", State = "s" }, options);
    }

    [Theory]
    [InlineData("--channel needs a value", "--channel")]
    [InlineData("--state needs a value", "--state", "")]
    [InlineData("unknown option --port", "--port", "1")]
    public void Options_Wrong_AreExplained(string expected, params string[] arguments)
    {
        Assert.False(AgentOptions.TryParse(arguments, out _, out var error));
        Assert.Equal(expected, error);
    }
}
