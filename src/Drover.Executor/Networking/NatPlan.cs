using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Executor.Networking;

/// <summary>What is shared by the nat machines of one state folder: <c>STATE/networks/nat.json</c>, written before any of it is made and removed after
/// all of it is gone.</summary>
internal sealed record NatRecord
{
    /// <summary>The bridge and the nft table: <c>drover0</c>, or the next that was free.</summary>
    public required string Bridge { get; init; }

    public required string Subnet { get; init; }

    /// <summary>We switched this computer's IPv4 forwarding on, and switch it off again.</summary>
    public bool ForwardingWasOff { get; init; }
}

/// <summary>The nat of one state folder as commands and files: pure functions of its record, so that every step can be repeated.</summary>
/// <param name="StateDirectory">Whose it is. Several instances of Drover on one computer have a bridge each.</param>
internal sealed record NatPlan(NatRecord Record, string StateDirectory)
{
    internal const string Domain = "drover";
    private const int MostBridges = 100;

    /// <summary>Rarely used, and none of what Docker and QEMU's user network take for themselves.</summary>
    private static readonly IReadOnlyList<Subnet> Candidates =
        [.. Enumerable.Range(0, 90).Select(i => Networking.Subnet.Parse(string.Create(CultureInfo.InvariantCulture, $"10.{66 + i}.0.0/24"))), Networking.Subnet.Parse("192.168.166.0/24")];

    internal Subnet Subnet => Networking.Subnet.Parse(Record.Subnet);

    internal string Gateway => Subnet.First;

    /// <summary>The bridge's hardware address says whose it is: it is given in the same call that makes it, so no death comes in between.</summary>
    internal string BridgeMac
    {
        get
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(StateDirectory));
            return $"52:55:{hash[0]:x2}:{hash[1]:x2}:{hash[2]:x2}:{hash[3]:x2}";
        }
    }

    /// <summary>For people; Linux takes 255 characters.</summary>
    private string Alias => $"drover {(StateDirectory.Length > 200 ? StateDirectory[..200] : StateDirectory)}";

    /// <summary>By this argument a dnsmasq is found again.</summary>
    internal string PidFileArgument => $"--pid-file={Path.Combine(StateDirectory, "networks", "dnsmasq.pid")}";

    /// <summary>Where dnsmasq, which is not root, reads names. Nothing else may be in there; the state folder is closed to others.</summary>
    internal string NamesFolder => NamesFolderOf(StateDirectory);

    internal static string NamesFolderOf(string stateDirectory) =>
        Path.Combine("/run/drover", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stateDirectory)))[..16]);

    /// <summary>The first bridge name and subnet that nobody on this computer has; null when there is none.</summary>
    /// <param name="taken">Names of network devices and nft tables.</param>
    internal static NatRecord? Choose(IReadOnlyCollection<string> taken, IReadOnlyCollection<Subnet> routes)
    {
        var bridge = Enumerable.Range(0, MostBridges).Select(i => string.Create(CultureInfo.InvariantCulture, $"drover{i}")).FirstOrDefault(name => !taken.Contains(name, StringComparer.Ordinal));
        var subnet = Candidates.Where(candidate => !routes.Any(candidate.Overlaps)).Select(candidate => candidate.ToString()).FirstOrDefault();
        return bridge is null || subnet is null ? null : new NatRecord { Bridge = bridge, Subnet = subnet };
    }

    /// <summary>The calls of <c>ip</c> that make the bridge what it is to be; those after the first change nothing when repeated.</summary>
    internal IReadOnlyList<string[]> Bridge =>
    [
        ["link", "add", "name", Record.Bridge, "address", BridgeMac, "type", "bridge"],
        ["link", "set", "dev", Record.Bridge, "alias", Alias],
        ["address", "replace", $"{Gateway}/{Subnet.Prefix}", "dev", Record.Bridge],
        ["link", "set", "dev", Record.Bridge, "up"],
    ];

    /// <summary>Settings of our own bridge: a packet may be turned to the control plane on the loopback, and machines have no IPv6 way around the rules.</summary>
    internal IReadOnlyDictionary<string, string> BridgeSettings => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [$"/proc/sys/net/ipv4/conf/{Record.Bridge}/route_localnet"] = "1",
        [$"/proc/sys/net/ipv6/conf/{Record.Bridge}/disable_ipv6"] = "1",
    };

    /// <summary>The packet filter's table, as a file for <c>nft -f</c>: replaced as a whole.</summary>
    /// <param name="controlPorts">Where the control plane listens on this computer: all that a guest may reach of it, beside DNS and DHCP.</param>
    internal string Rules(IEnumerable<int> controlPorts)
    {
        var ports = string.Join(", ", controlPorts.Distinct().Order().Select(port => port.ToString(CultureInfo.InvariantCulture)));
        var elements = ports.Length == 0 ? "" : $"elements = {{ {ports} }}";
        var (bridge, net) = (Record.Bridge, Record.Subnet);
        return $$"""
            add table inet {{bridge}}
            delete table inet {{bridge}}
            table inet {{bridge}} {
                comment "drover {{BridgeMac}}"
                set control { type inet_service; {{elements}} }
                chain forged {
                    type filter hook prerouting priority raw;
                    iifname "{{bridge}}" ip daddr 127.0.0.0/8 drop
                }
                chain inward {
                    type nat hook prerouting priority dstnat;
                    iifname "{{bridge}}" ip daddr {{Gateway}} tcp dport @control dnat ip to 127.0.0.1
                }
                chain here {
                    type filter hook input priority filter;
                    iifname != "{{bridge}}" accept
                    ct state established,related accept
                    udp dport { 53, 67 } accept
                    tcp dport 53 accept
                    tcp dport @control accept
                    icmp type echo-request accept
                    reject
                }
                chain segments {
                    type filter hook forward priority mangle;
                    iifname "{{bridge}}" tcp flags syn tcp option maxseg size set rt mtu
                    oifname "{{bridge}}" tcp flags syn tcp option maxseg size set rt mtu
                }
                chain through {
                    type filter hook forward priority filter;
                    iifname "{{bridge}}" oifname "{{bridge}}" accept
                    iifname "{{bridge}}" ip daddr 169.254.0.0/16 reject
                    oifname "{{bridge}}" ct state established,related accept
                    oifname "{{bridge}}" reject
                }
                chain outward {
                    type nat hook postrouting priority srcnat;
                    ip saddr {{net}} oifname != "{{bridge}}" masquerade
                }
            }

            """;
    }

    /// <summary>DNS for machines by name, and DHCP for those whose image asks for it. Only known cards get an address, so nothing is pinged first.</summary>
    internal IReadOnlyList<string> Dnsmasq =>
    [
        "--conf-file=/dev/null", PidFileArgument, "--user=nobody", "--group=nogroup",
        $"--interface={Record.Bridge}", "--except-interface=lo", "--bind-interfaces",
        "--no-hosts", $"--addn-hosts={Path.Combine(NamesFolder, "hosts")}", $"--domain={Domain}", $"--local=/{Domain}/", "--domain-needed", "--bogus-priv",
        $"--dhcp-range={Gateway[..Gateway.LastIndexOf('.')]}.0,static", $"--dhcp-hostsfile={Path.Combine(NamesFolder, "cards")}", "--leasefile-ro", "--no-ping", "--dhcp-authoritative",
        $"--dhcp-option=option:router,{Gateway}", $"--dhcp-option=option:dns-server,{Gateway}",
    ];

    /// <summary>Names and addresses in the form of <c>/etc/hosts</c>.</summary>
    internal static string Hosts(IEnumerable<NetworkUse> uses) =>
        string.Concat(uses.Where(use => use.Address is not null).Select(use => $"{use.Address} {use.Hostname}.{Domain} {use.Hostname}\n"));

    /// <summary>DHCP reservations: card, address, name.</summary>
    internal static string Cards(IEnumerable<NetworkUse> uses) =>
        string.Concat(uses.Where(use => use.Address is not null).Select(use => $"{use.Mac},{use.Address},{use.Hostname},infinite\n"));
}
