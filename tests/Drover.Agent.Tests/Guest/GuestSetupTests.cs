using Drover.Agent.Guest;
using Drover.Agent.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Agent.Tests.Guest;

public sealed class GuestSetupTests
{
    [Theory]
    [InlineData("web-1", true)]
    [InlineData("a.b.example", true)]
    [InlineData("", false)]
    [InlineData("-web", false)]
    [InlineData("web 1", false)]
    [InlineData("web\n1", false)]
    [InlineData("wéb", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", false)]
    public void Hostname_Odd_IsRefused(string name, bool valid) => Assert.Equal(valid, GuestSetup.IsHostname(name));

    [Theory]
    [InlineData("")]
    [InlineData("***")]
    public void Entropy_Unreadable_IsSaid(string text) => Assert.Equal("the executor's entropy is not readable", GuestSetup.TakeEntropy(text));

    [Fact]
    public void Entropy_None_IsNoProblem() => Assert.Null(GuestSetup.TakeEntropy(null));

    [Fact]
    public void Clock_AlreadyRight_IsLeftAlone()
    {
        var time = new FakeTimeProvider();
        Assert.Null(GuestSetup.TakeClock(time.GetUtcNow().ToUnixTimeMilliseconds() + 400, time));
        Assert.Null(GuestSetup.TakeClock(null, time));
    }

    [Theory]
    [InlineData("10.0.2.15", null, null, "'10.0.2.15' is no address with prefix")]
    [InlineData("10.0.2.15/33", null, null, "'10.0.2.15/33' is no address with prefix")]
    [InlineData("$(reboot)/24", null, null, "'$(reboot)/24' is no address with prefix")]
    [InlineData("10.0.2.15/24", "gw", null, "'gw' is no gateway address")]
    [InlineData("10.0.2.15/24", null, "1.1.1.1\nx", "'1.1.1.1\nx' is no name server address")]
    [InlineData("10.0.2.15/24", "10.0.2.2", "10.0.2.3", null)]
    [InlineData("fd00::1/64", null, null, null)]
    [InlineData(null, null, null, null)]
    public void Network_OddValues_AreRefused(string? address, string? gateway, string? server, string? expected)
    {
        var identity = Identities.For("http://x") with { Address = address, Gateway = gateway, NameServers = server is null ? [] : [server] };
        Assert.Equal(expected, NetworkSetup.Problem(identity));
    }
}
