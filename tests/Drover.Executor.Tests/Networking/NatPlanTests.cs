using Drover.Executor.Networking;

namespace Drover.Executor.Tests.Networking;

public sealed class NatPlanTests
{
    private const string RouteTable = """
        Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
        eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
        eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
        vpn0	0000420A	00000000	0001	0	0	0	0000FFFF	0	0	0
        """;

    private static NatPlan Plan => new(new NatRecord { Bridge = "drover0", Subnet = "10.66.0.0/24" }, "/data/machines");

    private static NetworkUse Web => new()
    {
        ExternalId = "6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11", Name = "web-1", Hostname = "web-1", Network = "nat", Mac = "52:54:00:01:02:03", Address = "10.66.0.7",
    };

    [Fact]
    public Task Rules_AreAsReviewed() => Snapshot.MatchAsync(Plan.Rules([8080, 8080, 443]), "nat");

    [Fact]
    public Task Commands_AreAsReviewed() =>
        Snapshot.MatchAsync(string.Join('\n', Plan.Bridge.Select(command => "ip " + string.Join(' ', command)).Append("dnsmasq").Concat(Plan.Dnsmasq)) + "\n", "nat-commands");

    [Fact]
    public void Names_OfAUse_AreKnownToDnsAndDhcp()
    {
        Assert.Equal("10.66.0.7 web-1.drover web-1\n", NatPlan.Hosts([Web, Web with { Address = null }]));
        Assert.Equal("52:54:00:01:02:03,10.66.0.7,web-1,infinite\n", NatPlan.Cards([Web, Web with { Address = null }]));
    }

    [Fact]
    public void Routes_OfTheKernel_AreRead()
    {
        var routes = Subnet.Routes(RouteTable);

        Assert.Equal([("eth0", "192.0.2.0/24"), ("vpn0", "10.66.0.0/16")], routes.Select(route => (route.Device, route.Network.ToString())));
    }

    [Fact]
    public void Choice_TakesWhatNobodyHas()
    {
        var routes = Subnet.Routes(RouteTable).Select(route => route.Network).ToList();

        Assert.Equal(new NatRecord { Bridge = "drover1", Subnet = "10.67.0.0/24" }, NatPlan.Choose(["lo", "drover0"], routes));
        Assert.Null(NatPlan.Choose([], [Subnet.Parse("10.0.0.0/8"), Subnet.Parse("192.168.0.0/16")]));
    }

    [Fact]
    public void Bridges_OfTwoInstances_AreToldApart() => Assert.NotEqual(Plan.BridgeMac, (Plan with { StateDirectory = "/other" }).BridgeMac);

    [Theory]
    [InlineData("10.66.0.0/24", "10.66.0.128/25", true)]
    [InlineData("10.66.0.0/24", "10.0.0.0/8", true)]
    [InlineData("10.66.0.0/24", "10.66.1.0/24", false)]
    [InlineData("10.66.0.0/24", "0.0.0.0/0", true)]
    public void Subnets_Overlap_WhenOneHoldsTheOther(string one, string other, bool expected) => Assert.Equal(expected, Subnet.Parse(one).Overlaps(Subnet.Parse(other)));

    [Fact]
    public void Addresses_AreStableAndNeverDoubled()
    {
        var net = Subnet.Parse("10.66.0.0/28");
        var given = new List<string>();
        for (var machine = 0; machine < 13; machine++)
        {
            given.Add(net.AddressFor($"machine-{machine}", given)!);
        }

        Assert.Equal(given.Count, given.Distinct().Count());
        Assert.All(given, address => Assert.InRange(int.Parse(address.Split('.')[3], System.Globalization.CultureInfo.InvariantCulture), 2, 14));
        Assert.Null(net.AddressFor("one-too-many", given));
        Assert.Equal(given[5], net.AddressFor("machine-5", [.. given.Except([given[5]])]));
    }

    [Fact]
    public void Tap_OfAMachine_HasANameThatLinuxTakes()
    {
        Assert.Equal("dv6b8e0c0e6a0c4", TapDevice.NameOf(Web.ExternalId));
        Assert.InRange(TapDevice.NameOf(Web.ExternalId).Length, 1, 15);
    }
}
