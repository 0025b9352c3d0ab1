using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Executor.Networking;

/// <summary>A multicast group of the loopback that carries the frames of one segment.</summary>
internal static class MulticastGroup
{
    /// <summary>Below the ports that the kernel gives out by itself.</summary>
    private const int Port = 28190;
    private const string Loopback = "127.0.0.1";

    /// <summary>One of 239.0.0.0/8 (RFC 2365: never leaves a site), by a hash, that nobody of <paramref name="taken"/> has.</summary>
    internal static string For(string stateDirectory, string environmentId, IReadOnlyCollection<string> taken)
    {
        for (var round = 0; ; round++)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{stateDirectory}\n{environmentId}\n{round}")));
            var group = string.Create(CultureInfo.InvariantCulture, $"239.{hash[0]}.{hash[1]}.{hash[2]}");
            if (!taken.Contains(group, StringComparer.Ordinal))
            {
                return group;
            }
        }
    }

    /// <summary>Null when QEMU will be able to join a group here, else the reason: a QEMU that cannot would not start at all.</summary>
    internal static string? WhyNot()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var group = IPAddress.Parse("239.255.255.255");
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(group, Port));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group, IPAddress.Parse(Loopback)));
            return null;
        }
        catch (SocketException e)
        {
            return $"the loopback carries no multicast ({e.Message})";
        }
    }

    internal static NetworkCard Card(NetworkUse use) => new()
    {
        Id = "net1",
        Mac = use.Mac,
        Backend = json =>
        {
            json.WriteString("type", "socket");
            json.WriteString("mcast", string.Create(CultureInfo.InvariantCulture, $"{use.Group}:{Port}"));
            json.WriteString("localaddr", Loopback);
        },
    };
}
