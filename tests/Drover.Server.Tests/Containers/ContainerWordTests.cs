using Drover.Server.Containers;
using Drover.Server.Containers.Access;
using Drover.Server.Containers.Orders;

namespace Drover.Server.Tests.Containers;

/// <summary>Words that people and Docker write about containers.</summary>
public sealed class ContainerWordTests
{
    [Theory]
    [InlineData("Up Less than a second", 5, "Up 5 seconds")]
    [InlineData("Up 2 minutes (healthy)", 60, "Up 3 minutes (healthy)")]
    [InlineData("Exited (3) 50 seconds ago", 20, "Exited (3) About a minute ago")]
    [InlineData("Exited (137) About an hour ago", 3600, "Exited (137) 2 hours ago")]
    [InlineData("Up 3 days (Paused)", 10, "Up 3 days (Paused)")]
    [InlineData("Created", 100, "Created")]
    public void Status_GoesOnWithTime(string told, int seconds, string now) => Assert.Equal(now, DockerStatus.Now(told, TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("nginx", "docker.io", "nginx", "nginx:latest")]
    [InlineData("team/app:2", "docker.io", "team/app", "team/app:2")]
    [InlineData("localhost/app", "localhost", "app", "localhost/app:latest")]
    [InlineData("registry.example.com:5000/a/b:1.0", "registry.example.com:5000", "a/b", "registry.example.com:5000/a/b:1.0")]
    [InlineData("nginx@sha256:0123456789abcdef0123456789abcdef", "docker.io", "nginx", "nginx@sha256:0123456789abcdef0123456789abcdef")]
    public void Image_IsTakenApart(string text, string registry, string repository, string whole)
    {
        var image = ImageReference.Parse(text)!;

        Assert.Equal((registry, repository, whole), (image.Registry, image.Repository, image.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Nginx")]
    [InlineData("a b")]
    [InlineData("nginx:")]
    [InlineData("-x")]
    [InlineData("a//b")]
    [InlineData("nginx:1:2")]
    public void Image_ThatIsNone_IsNotTaken(string text) => Assert.Null(ImageReference.Parse(text));

    [Theory]
    [InlineData("80", "", "", "80/tcp")]
    [InlineData("8080:80", "", "8080", "80/tcp")]
    [InlineData("127.0.0.1:53:53/udp", "127.0.0.1", "53", "53/udp")]
    [InlineData("[::1]:1:2", "::1", "1", "2/tcp")]
    public void Port_IsTakenApart(string text, string address, string outside, string inside) => Assert.Equal(new PortMapping(address, outside, inside), PortMapping.Parse(text));

    [Theory]
    [InlineData("0")]
    [InlineData("80:70000")]
    [InlineData("a:b")]
    [InlineData("80/icmp")]
    [InlineData(":80")]
    public void Port_ThatIsNone_IsNotTaken(string text) => Assert.Null(PortMapping.Parse(text));

    [Theory]
    [InlineData("90s", "1772366310.000")]
    [InlineData("2h", "1772359200.000")]
    [InlineData("1772366400", "1772366400")]
    [InlineData("2026-03-01T12:00:00Z", "1772366400")]
    [InlineData("2026-03-01T12:00:00.123456789Z", "1772366400.123456789")]
    [InlineData("2026-03-01T13:00:00.5+01:00", "1772366400.5")]
    [InlineData("yesterday", null)]
    public void Time_OfALog_IsDockers(string text, string? docker) => Assert.Equal(docker, LogTime.ToDocker(text, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)));
}
