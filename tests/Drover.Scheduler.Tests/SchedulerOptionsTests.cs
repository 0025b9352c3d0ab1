namespace Drover.Scheduler.Tests;

public sealed class SchedulerOptionsTests
{
    private static readonly Dictionary<string, string> s_good = new(StringComparer.Ordinal)
    {
        ["CATTLE_URL"] = "http://server:8080/v1", ["CATTLE_ACCESS_KEY"] = "a", ["CATTLE_SECRET_KEY"] = "s", ["MESOS_MASTER"] = "master:5050", ["IP_CIDR"] = "192.168.10.0/24",
    };

    [Fact]
    public void FromEnvironment_The2015Variables_AreUnderstood()
    {
        var options = SchedulerOptions.FromEnvironment(s_good.GetValueOrDefault);
        Assert.Equal(("http://server:8080/v1", "a", "s", "master:5050", "192.168.10.0/24"), (options.CattleUrl, options.AccessKey, options.SecretKey, options.MesosMaster, options.IpCidr));
        Assert.Equal("http://server:8080/", options.ArtifactBase.AbsoluteUri);
    }

    [Fact]
    public void FromEnvironment_Nothing_ListsEveryVariableAtOnce()
    {
        var e = Assert.Throws<SchedulerOptionsException>(() => SchedulerOptions.FromEnvironment(_ => null));
        Assert.All(new[] { "CATTLE_URL", "CATTLE_ACCESS_KEY", "CATTLE_SECRET_KEY", "MESOS_MASTER" }, name => Assert.Contains(name, e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("CATTLE_URL", "server:8080")]
    [InlineData("CATTLE_URL", "ftp://server")]
    [InlineData("MESOS_MASTER", "http://host/path")]
    [InlineData("IP_CIDR", "192.168.10.0")]
    [InlineData("IP_CIDR", "192.168.10.1/240")]
    public void FromEnvironment_OneWrong_IsNamed(string name, string value)
    {
        var e = Assert.Throws<SchedulerOptionsException>(() => SchedulerOptions.FromEnvironment(n => n == name ? value : s_good.GetValueOrDefault(n)));
        Assert.Contains(name, Assert.Single(e.Problems), StringComparison.Ordinal);
    }
}
