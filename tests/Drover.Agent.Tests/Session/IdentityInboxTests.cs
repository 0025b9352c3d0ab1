using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;

namespace Drover.Agent.Tests.Session;

public sealed class IdentityInboxTests
{
    [Fact]
    public void Identity_RepeatedWithClockAndEntropy_SaysNothingNew()
    {
        var first = Identities.For("http://srv/v1/scripts/T");
        var second = Identities.For("http://srv/v1/scripts/T") with { ClockMilliseconds = 5, Entropy = "AAAA" };
        Assert.True(IdentityInbox.Same(first, second));
    }

    [Fact]
    public void Identity_WithAnythingElseChanged_IsAnother()
    {
        var first = Identities.For("http://srv/v1/scripts/T");
        Assert.All(
            [
                first with { MachineUuid = "u-2" },
                first with { Hostname = "web-2" },
                first with { RegistrationUrl = "http://srv/v1/scripts/U" },
                first with { Address = null },
                first with { Gateway = "10.0.2.9" },
                first with { NameServers = [] },
                first with { Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["rack"] = "b" } },
            ],
            other => Assert.False(IdentityInbox.Same(first, other)));
    }
}
