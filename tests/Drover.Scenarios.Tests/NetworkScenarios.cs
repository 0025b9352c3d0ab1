using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Scenarios.Tests;

/// <summary>Real machines on real networks, in network namespaces of the test's own. Minutes under emulation.</summary>
[Trait("needs", "qemu")]
public sealed class NetworkScenarios
{
    private const int Minutes = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task NatAndUser_HostsReachEachOther_AndNothingStays() => OwnNamespace.RunAsync(async () =>
    {
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "0", Token);
        var before = await OwnNamespace.SayAsync("ip", "-oneline", "link");
        await using (var drover = await DroverInstance.CreateWithTemplateAsync(Token))
        {
            await drover.UpAsync(Token, "--network", "nat", "--no-host");
            await drover.MustAsync(Token, "host", "create", "web", "--count", "2", "--wait");
            await drover.MustAsync(Token, "host", "create", "own", "--count", "2", "--network", "user", "--wait");
            Assert.All((await drover.HostsAsync(Token)).Values, host => Assert.Equal("template", (string?)host["way"]));
            await Lan.AssertTalkOnSegmentAsync(Uses(drover, "segment"), Token);
            await drover.MustAsync(Token, "host", "rm", "own-1", "own-2", "--yes");
            var hosts = await drover.HostsAsync(Token);
            var addresses = new List<string>();
            foreach (var name in hosts.Keys)
            {
                var shown = await ShowAsync(drover, name);
                Assert.Equal("nat", (string?)shown["network"]);
                Assert.Contains("ip_forward", (string?)shown["networkReason"], StringComparison.Ordinal);
                addresses.Add((string)shown["networkAddress"]!);
            }

            Assert.Equal(2, addresses.Distinct().Count());
            Assert.All(addresses, address => Assert.StartsWith("10.66.0.", address, StringComparison.Ordinal));
            await AssertAnswersAsync(addresses);
            await Lan.AssertTalkAsync("drover0", addresses[0], addresses[1], Token);

            // What a guest may not reach of this computer, and what it must.
            Assert.Contains("tcp dport @control accept", await OwnNamespace.SayAsync("nft", "list", "table", "inet", "drover0"), StringComparison.Ordinal);

            // The end that leaves no time to clear up: the next sweep does.
            foreach (var executor in drover.Processes().Where(p => p.Name.StartsWith("drover-executo", StringComparison.Ordinal)))
            {
                executor.Kill();
            }

            await drover.MustAsync(Token, "down");
            Assert.Empty(drover.Processes());
        }

        Assert.Equal(before, await OwnNamespace.SayAsync("ip", "-oneline", "link"));
        Assert.Equal("", await OwnNamespace.SayAsync("nft", "list", "ruleset"));
        Assert.Equal("0", (await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_forward", Token)).Trim());
    }, Minutes);

    [Fact]
    public Task Bridge_TwoComputers_TheirHostsTalkToEachOther() => OwnNamespace.RunAsync(async () =>
    {
        using var other = await Lan.JoinTwoComputersAsync(Token);
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        var port = drover.Listen.Split(':')[1];
        await drover.MustAsync(
            Token, "up", "--detach", "--no-host", "--cpu-overcommit", OneHost, "--listen", $"{Lan.ThisComputer}:{port}", "--advertise", $"http://{Lan.ThisComputer}:{port}",
            "--network", "bridge:br0", "--ip-cidr", Lan.Cidr, "--ip-exclude", $"{Lan.ThisComputer}-{Lan.OtherComputer}");

        // The second computer has an agent only; its way to the master, which listens on the loopback, is a relay of this test.
        var second = Path.Combine(drover.Data, "second");
        Directory.CreateDirectory(Path.Combine(second, "mesos"));
        File.Copy(Path.Combine(drover.Data, "mesos", "access.json"), Path.Combine(second, "mesos", "access.json"));
        using var relay = new Relay(new IPEndPoint(IPAddress.Parse(Lan.ThisComputer), 0), new Uri(await File.ReadAllTextAsync(Path.Combine(drover.Data, "mesos", "master.url"), Token)));
        await File.WriteAllTextAsync(Path.Combine(second, "mesos", "master.url"), $"http://{relay.EndPoint}/", Token);
        using var agent = other.Start(Path.Combine(DroverInstance.Programs, "droverd"), "--data", second, "--roles", "mesos-agent", "--cpu-overcommit", OneHost, "--programs", DroverInstance.Programs);
        await drover.MustAsync(Token, "host", "create", "web", "--count", "2", "--wait");
        var addresses = new List<string>();
        foreach (var name in (await drover.HostsAsync(Token)).Keys)
        {
            addresses.Add((string)(await ShowAsync(drover, name))["networkAddress"]!);
        }

        Assert.Equal(["192.168.77.3", "192.168.77.4"], addresses.Order(StringComparer.Ordinal));
        await AssertAnswersAsync(addresses);
        await Lan.AssertTalkAsync("br0", addresses[0], addresses[1], Token);
        await drover.MustAsync(Token, ["host", "rm", .. (await drover.HostsAsync(Token)).Keys, "--yes"]);
        agent.Kill();
    }, Minutes);

    [Fact]
    public Task Spare_OfNat_BecomesAMachineWithItsAddressAndACardOfItsOwn() => OwnNamespace.RunAsync(async () =>
    {
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        await drover.UpAsync(Token, "--no-host", "--network", "nat", "--warm", "1");
        await SpareAsync(drover, "nat");
        var web = await ClaimAsync(drover, "web");
        var use = Assert.Single(Uses(drover, "nat"), of => (string?)of["name"] == "web");
        Assert.Equal((string?)use["address"], (string?)web["networkAddress"]);
        await AssertAnswersAsync([(string)web["networkAddress"]!]);
        Assert.Contains((string)use["mac"]!, await OwnNamespace.SayAsync("ip", "neighbour", "show", (string)web["networkAddress"]!), StringComparison.Ordinal);
    }, Minutes);

    [Fact]
    public Task Spare_OfABridge_TakesALeaseOnlyAsAMachine() => OwnNamespace.RunAsync(async () =>
    {
        using var dhcp = await Lan.MakeOneWithDhcpAsync(Token);
        await using var drover = await DroverInstance.CreateWithTemplateAsync(Token);
        var port = drover.Listen.Split(':')[1];
        await drover.MustAsync(
            Token, "up", "--detach", "--no-host", "--listen", $"{Lan.ThisComputer}:{port}", "--advertise", $"http://{Lan.ThisComputer}:{port}", "--network", "bridge:br0", "--warm", "1");
        await SpareAsync(drover, "bridge:br0");
        Assert.Empty(dhcp.Leases());
        await ClaimAsync(drover, "lan");
        var machine = Assert.Single(Uses(drover, "bridge:br0"), of => (string?)of["name"] == "lan");
        await AssertAnswersAsync([dhcp.Leases()[(string)machine["mac"]!]]);
        Assert.Single(dhcp.Leases());
    }, Minutes);

    /// <summary>CPUs that a computer offers for each of its own, so that all of them together hold one host of standard size.</summary>
    private static string OneHost => (1.5 / Environment.ProcessorCount).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static Task<CommandResult> SpareAsync(DroverInstance drover, string network) => Eventually.BecomesAsync(
        $"a spare of {network} waits", () => drover.MustAsync(Token, "pool", "ls", "--format", "json"),
        pool => JsonNode.Parse(pool.Output)!.AsArray().Any(member => (string?)member!["kind"] == "warm" && (string?)member["state"] == "ready" && (string?)member["network"] == network),
        TimeSpan.FromMinutes(2), Token);

    private static async Task<JsonNode> ClaimAsync(DroverInstance drover, string name, params string[] more)
    {
        await drover.MustAsync(Token, ["host", "create", name, "--wait", .. more]);
        var host = await ShowAsync(drover, name);
        Assert.True((string?)host["way"] == "warm", $"{host["way"]}: {host["wayReason"]}");
        return host;
    }

    private static List<JsonNode> Uses(DroverInstance drover, string network) =>
        [.. Directory.EnumerateFiles(Path.Combine(drover.Data, "machines", "networks", "uses"), "*.json").Select(file => JsonNode.Parse(File.ReadAllText(file))!).Where(use => (string?)use["network"] == network)];

    private static async Task<JsonNode> ShowAsync(DroverInstance drover, string name) =>
        JsonNode.Parse((await drover.MustAsync(Token, "host", "show", name, "--format", "json")).Output)!.AsArray().Single()!;

    private static async Task AssertAnswersAsync(IEnumerable<string> addresses)
    {
        foreach (var address in addresses)
        {
            using var ping = new Ping();
            Assert.Equal(IPStatus.Success, (await ping.SendPingAsync(IPAddress.Parse(address), TimeSpan.FromSeconds(10), cancellationToken: Token)).Status);
        }
    }
}
