using System.Net.Sockets;
using System.Text;

namespace Drover.Agent.Guest;

/// <summary>The hardware addresses of network devices (netdevice(7)).</summary>
internal static class HardwareAddress
{
    private const int RequestBytes = 40;
    private const int NameBytes = 16;
    private const nuint Set = 0x8924;

    /// <summary>Gives a device a new address by chance: locally administered, as Docker makes them (02:42:…).</summary>
    /// <returns>Null, or a sentence about what went wrong. A device that does not exist is fine.</returns>
    public static string? Renew(string device)
    {
        if (!Directory.Exists($"/sys/class/net/{device}"))
        {
            return null;
        }

        return Take(device, [0x02, 0x42, .. KernelRandom.Bytes(4)]);
    }

    /// <returns>Null, or a sentence about what went wrong.</returns>
    public static string? Take(string device, ReadOnlySpan<byte> address)
    {
        const short Ethernet = 1;
        var request = new byte[RequestBytes];
        Encoding.ASCII.GetBytes(device, request.AsSpan(0, NameBytes - 1));
        BitConverter.TryWriteBytes(request.AsSpan(NameBytes), Ethernet);
        address.CopyTo(request.AsSpan(NameBytes + 2));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return LibC.Control((int)socket.Handle, Set, request) < 0 ? $"could not set the hardware address of {device}: {LibC.LastError()}" : null;
    }
}
