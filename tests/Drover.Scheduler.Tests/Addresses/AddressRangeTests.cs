using Drover.Scheduler.Addresses;

namespace Drover.Scheduler.Tests.Addresses;

public sealed class AddressRangeTests
{
    [Fact]
    public void Range_GivesEveryUsableAddressOnce()
    {
        var range = Range("192.168.10.0/28", "192.168.10.1", ["192.168.10.2"], ["192.168.10.3", "192.168.10.12-192.168.10.13"])!;
        var given = new List<string>();
        while (range.Next(given.LastOrDefault(), given.ToHashSet()) is { } address)
        {
            given.Add(address);
        }

        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11, 14], given.Select(a => int.Parse(a.Split('.')[3], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal("192.168.10.4/28", range.Of(given[0]).Address);
        Assert.Equal("192.168.10.1", range.Of(given[0]).Gateway);
    }

    [Fact]
    public void Range_GoesRound_SoThatAFreedAddressRests()
    {
        var range = Range("192.168.10.0/29", null, [], [])!;

        Assert.Equal("192.168.10.4", range.Next("192.168.10.3", new HashSet<string>()));
        Assert.Equal("192.168.10.1", range.Next("192.168.10.6", new HashSet<string>()));
    }

    [Theory]
    [InlineData("192.168.10.0", null, null, null, "IP_CIDR")]
    [InlineData("192.168.10.0/8", null, null, null, "IP_CIDR")]
    [InlineData("fd00::/64", null, null, null, "IP_CIDR")]
    [InlineData("192.168.10.0/24", "192.168.11.1", null, null, "Gateway")]
    [InlineData("192.168.10.0/24", null, "dns", null, "NameServers")]
    [InlineData("192.168.10.0/24", null, null, "192.168.10.9-192.168.10.3", "AddressExclude")]
    [InlineData(null, "192.168.10.1", null, null, "without IpCidr")]
    public void Settings_ThatAreWrong_AreNamed(string? cidr, string? gateway, string? server, string? exclude, string named)
    {
        var problems = new List<string>();

        Assert.Null(AddressRange.Read(cidr, gateway, server is null ? [] : [server], exclude is null ? [] : [exclude], problems));
        Assert.Contains(named, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_None_AreNoRange()
    {
        var problems = new List<string>();
        Assert.Null(AddressRange.Read(null, null, [], [], problems));
        Assert.Empty(problems);
    }

    private static AddressRange? Range(string cidr, string? gateway, IReadOnlyList<string> servers, IReadOnlyList<string> exclude)
    {
        var problems = new List<string>();
        var range = AddressRange.Read(cidr, gateway, servers, exclude, problems);
        Assert.Empty(problems);
        return range;
    }
}
