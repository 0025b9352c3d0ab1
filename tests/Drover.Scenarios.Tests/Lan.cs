using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Scenarios.Tests;

/// <summary>A network of two computers, which are two network namespaces: this test's own, and one more. Each has a bridge <c>br0</c>, joined by a wire.</summary>
internal static class Lan
{
    public const string Cidr = "192.168.77.0/24";
    public const string ThisComputer = "192.168.77.1";
    public const string OtherComputer = "192.168.77.2";

    public static async Task<OtherComputer> JoinTwoComputersAsync(CancellationToken cancellationToken)
    {
        var other = new OtherComputer();
        await Eventually.BecomesAsync("the second namespace is there", () => Task.FromResult(other.IsUp), up => up, TimeSpan.FromMinutes(1), cancellationToken);
        await OwnNamespace.SayAsync("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", other.Pid);
        await BridgeAsync((program, arguments) => OwnNamespace.SayAsync(program, arguments), "wire0", ThisComputer);
        await BridgeAsync(other.SayAsync, "wire1", OtherComputer);
        return other;
    }

    /// <summary>A network of this computer alone, with a DHCP server that is not Drover's.</summary>
    public static async Task<LanDhcp> MakeOneWithDhcpAsync(CancellationToken cancellationToken)
    {
        await OwnNamespace.SayAsync("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1");
        await BridgeAsync((program, arguments) => OwnNamespace.SayAsync(program, arguments), "wire0", ThisComputer);
        var dhcp = new LanDhcp();
        await Eventually.BecomesAsync("the DHCP server is up", () => Task.FromResult(dhcp.IsUp), up => up, TimeSpan.FromSeconds(10), cancellationToken);
        return dhcp;
    }

    /// <summary>Proves that frames go both ways between two guests, neither of which anybody can log in to: one is asked for an echo in the name of the other. To
    /// answer, it has to find the other by ARP, which that one must answer, and then sends it the echo; both are seen on the wire.</summary>
    public static async Task AssertTalkAsync(string device, string one, string two, CancellationToken cancellationToken)
    {
        foreach (var (asked, inTheNameOf) in new[] { (one, two), (two, one) })
        {
            using var seen = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)IPAddress.HostToNetworkOrder((short)3));
            await OwnNamespace.SayAsync("ip", "link", "set", device, "promisc", "on");
            using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp);
            raw.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(1));
            var frame = new byte[4096];
            for (var answered = false; !answered;)
            {
                await raw.SendToAsync(Echo(inTheNameOf, asked), new IPEndPoint(IPAddress.Parse(asked), 0), limit.Token);
                for (var frames = 0; frames < 20 && !answered; frames++)
                {
                    var length = await seen.ReceiveAsync(frame, limit.Token);
                    answered = IsEchoReply(frame.AsSpan(0, length), asked, inTheNameOf);
                }
            }
        }
    }

    /// <summary>The same on a segment of user machines, whose wire is a multicast group of the loopback: the question is a frame of its own there.</summary>
    /// <param name="machines">The two records of the executors' folder.</param>
    public static async Task AssertTalkOnSegmentAsync(IReadOnlyList<JsonNode> machines, CancellationToken cancellationToken)
    {
        var wire = new IPEndPoint(IPAddress.Parse((string)machines[0]["group"]!), 28190);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(wire);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(wire.Address, IPAddress.Loopback));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        foreach (var (asked, other) in new[] { (machines[0], machines[1]), (machines[1], machines[0]) })
        {
            var (to, from) = ((string)asked["address"]!, (string)other["address"]!);
            byte[] mac = Convert.FromHexString(((string)asked["mac"]!).Replace(":", "", StringComparison.Ordinal));
            byte[] question = [.. mac, 0x52, 0x54, 0, 0, 0, 0x99, 8, 0, .. Echo(from, to)];
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromMinutes(1));
            var frame = new byte[4096];

            // Asked again each second: a frame may be lost on the way, as on any wire.
            for (var answered = false; !answered;)
            {
                await socket.SendToAsync(question, wire, limit.Token);
                using var again = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
                again.CancelAfter(TimeSpan.FromSeconds(1));
                try
                {
                    while (!answered)
                    {
                        var length = await socket.ReceiveAsync(frame, again.Token);
                        answered = IsEchoReply(frame.AsSpan(0, length), to, from);
                    }
                }
                catch (OperationCanceledException) when (!limit.IsCancellationRequested)
                {
                }
            }
        }
    }

    private static async Task BridgeAsync(Func<string, string[], Task<string>> say, string wire, string address)
    {
        await say("ip", ["link", "add", "br0", "type", "bridge"]);
        await say("ip", ["link", "set", wire, "master", "br0", "up"]);
        await say("ip", ["address", "add", $"{address}/24", "dev", "br0"]);
        await say("ip", ["link", "set", "br0", "up"]);
    }

    private static byte[] Echo(string from, string to)
    {
        var packet = new byte[28];
        packet[0] = 0x45;
        packet[3] = 28;
        packet[8] = 64;
        packet[9] = 1;
        IPAddress.Parse(from).GetAddressBytes().CopyTo(packet, 12);
        IPAddress.Parse(to).GetAddressBytes().CopyTo(packet, 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20)));
        packet[20] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 0xf7ff);
        return packet;
    }

    private static ushort Checksum(ReadOnlySpan<byte> header)
    {
        uint sum = 0;
        for (var at = 0; at < header.Length; at += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[at..]);
        }

        return (ushort)~((sum & 0xffff) + (sum >> 16));
    }

    private static bool IsEchoReply(ReadOnlySpan<byte> frame, string from, string to) =>
        frame.Length >= 42 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1 && frame[34] == 0
        && frame[26..30].SequenceEqual(IPAddress.Parse(from).GetAddressBytes()) && frame[30..34].SequenceEqual(IPAddress.Parse(to).GetAddressBytes());
}

/// <summary>The second computer: a network namespace with a view of its own devices.</summary>
internal sealed class OtherComputer : IDisposable
{
    private readonly Process holder = Process.Start(new ProcessStartInfo("unshare", ["--net", "--mount", "sh", "-c", "mount -t sysfs none /sys && ip link set lo up && exec sleep infinity"]) { UseShellExecute = false })!;

    public string Pid => holder.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The program that holds it open has got that far.</summary>
    public bool IsUp => File.ReadAllText($"/proc/{Pid}/comm").Trim() == "sleep";

    public Task<string> SayAsync(string program, string[] arguments) => OwnNamespace.SayAsync("nsenter", ["--target", Pid, "--net", "--mount", program, .. arguments]);

    public Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo("nsenter", ["--target", Pid, "--net", "--mount", program, .. arguments]) { UseShellExecute = false })!;

    public void Dispose()
    {
        holder.Kill();
        holder.Dispose();
    }
}

/// <summary>dnsmasq as the DHCP server of somebody's LAN.</summary>
internal sealed class LanDhcp : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("drover-lan-");
    private readonly Process server;

    public LanDhcp() => server = Process.Start(new ProcessStartInfo("dnsmasq",
    [
        "--conf-file=/dev/null", "--keep-in-foreground", "--user=root", "--port=0", "--interface=br0", "--bind-interfaces", "--no-ping", $"--pid-file={Path.Combine(folder.FullName, "pid")}",
        "--dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,1h", $"--dhcp-leasefile={Path.Combine(folder.FullName, "leases")}", "--dhcp-authoritative",
    ])
    { UseShellExecute = false })!;

    public bool IsUp => File.Exists(Path.Combine(folder.FullName, "pid"));

    /// <summary>Addresses by the hardware address of who has them.</summary>
    public IReadOnlyDictionary<string, string> Leases() => File.ReadAllText(Path.Combine(folder.FullName, "leases")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(fields => fields[1], fields => fields[2], StringComparer.Ordinal);

    public void Dispose()
    {
        server.Kill();
        server.Dispose();
        folder.Delete(recursive: true);
    }
}

/// <summary>Passes connections on.</summary>
internal sealed class Relay : IDisposable
{
    private readonly TcpListener listener;
    private readonly Uri target;

    public Relay(IPEndPoint listen, Uri target)
    {
        this.target = target;
        listener = new TcpListener(listen);
        listener.Start();
        _ = AcceptAsync();
    }

    public EndPoint EndPoint => listener.LocalEndpoint;

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task PassAsync(TcpClient near)
    {
        using var far = new TcpClient();
        using (near)
        {
            try
            {
                await far.ConnectAsync(target.Host, target.Port);
                await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
            }
        }
    }
}
