using Drover.Agent.Session;

namespace Drover.Agent.Tests.Session;

public sealed class RegistrationScriptTests
{
    private const string Rancher = """
        #!/bin/sh
        set -e
        export CATTLE_REGISTRATION_ACCESS_KEY="registrationToken"
        export CATTLE_REGISTRATION_SECRET_KEY="F4F2:1483142400000:abc=d"
        export CATTLE_URL="http://srv:8080/v1"
        export DETECTED_CATTLE_AGENT_IP="10.0.0.5"
        """;

    [Fact]
    public void Script_OfAServer_IsRead()
    {
        Assert.True(RegistrationScript.TryParse(Rancher, out var script, out _));
        Assert.Equal(new RegistrationScript(new Uri("http://srv:8080/v1"), "registrationToken", "F4F2:1483142400000:abc=d"), script);
    }

    [Theory]
    [InlineData("CATTLE_URL=http://srv/v1; export CATTLE_URL")]
    [InlineData("  export CATTLE_URL='http://srv/v1'\r")]
    [InlineData("CATTLE_URL=\"http://srv/v1\" # where")]
    public void Script_OtherQuoting_IsRead(string line)
    {
        Assert.True(RegistrationScript.TryParse($"#!/bin/sh\nCATTLE_REGISTRATION_ACCESS_KEY=a\nCATTLE_REGISTRATION_SECRET_KEY=b\n{line}", out var script, out _));
        Assert.Equal("http://srv/v1", script.Url.AbsoluteUri);
    }

    [Theory]
    [InlineData("", "does not answer with a registration script")]
    [InlineData("<html>", "does not answer with a registration script")]
    [InlineData("#!/bin/sh\n", "names no server")]
    [InlineData("#!/bin/sh\nCATTLE_URL=file:///etc/passwd\n", "names no server")]
    [InlineData("#!/bin/sh\nCATTLE_URL=\"http://srv\n", "names no server")]
    [InlineData("#!/bin/sh\nCATTLE_URL=http://srv/v1\nCATTLE_REGISTRATION_ACCESS_KEY=a", "holds no registration key")]
    public void Script_Wrong_IsExplained(string text, string expected)
    {
        Assert.False(RegistrationScript.TryParse(text, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
