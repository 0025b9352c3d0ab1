using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Drover.Executor.Machines;

namespace Drover.Executor.Networking;

/// <summary>Asks a network whether somebody has an address, before a machine takes it (RFC 5227, 2.1.1).</summary>
/// <remarks>Three probes as there, but closer together: 0.2 s apart and 0.6 s of silence at the end instead of seconds. A computer on a wire answers in
/// milliseconds; one that sleeps is missed, as it is by the longer times.</remarks>
internal static class ArpProbe
{
    private const int Probes = 3;
    private const int FrameBytes = 42;
    private const ushort Arp = 0x0806;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(600);

    /// <summary>The hardware address of whoever has it; null when nobody answers.</summary>
    /// <exception cref="MachineException">The network cannot be asked.</exception>
    internal static async Task<string?> WhoHasAsync(string device, string address, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var card = NetworkInterface.GetAllNetworkInterfaces().First(candidate => candidate.Name == device);
            using var socket = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)IPAddress.HostToNetworkOrder((short)Arp));
            socket.Bind(new LinkEndPoint(int.Parse(await File.ReadAllTextAsync($"/sys/class/net/{device}/ifindex", cancellationToken), CultureInfo.InvariantCulture), Arp));
            return await AskAsync(socket, card.GetPhysicalAddress().GetAddressBytes(), IPAddress.Parse(address).GetAddressBytes(), time, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
        {
            throw new MachineException($"Whether somebody has {address} on '{device}' cannot be found out: {e.Message}", e);
        }
    }

    /// <summary>An Ethernet frame to all: who has the address? The sender's own is zero, so that nobody learns anything from it.</summary>
    internal static byte[] Frame(ReadOnlySpan<byte> mac, ReadOnlySpan<byte> wanted)
    {
        var frame = new byte[FrameBytes];
        frame.AsSpan(0, 6).Fill(0xff);
        mac.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), Arp);
        ReadOnlySpan<byte> ethernetToIPv4Request = [0, 1, 8, 0, 6, 4, 0, 1];
        ethernetToIPv4Request.CopyTo(frame.AsSpan(14));
        mac.CopyTo(frame.AsSpan(22));
        wanted.CopyTo(frame.AsSpan(38));
        return frame;
    }

    /// <summary>Who says in this frame that the address is his, or asks for it as we do; null when it is about something else, or our own.</summary>
    internal static string? Claims(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> mac, ReadOnlySpan<byte> wanted)
    {
        if (frame.Length < FrameBytes || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != Arp || frame[22..28].SequenceEqual(mac))
        {
            return null;
        }

        var has = frame[28..32].SequenceEqual(wanted);
        var probesToo = frame[28..32].IndexOfAnyExcept((byte)0) < 0 && frame[38..42].SequenceEqual(wanted) && frame[21] == 1;
        return has || probesToo ? string.Join(':', frame[22..28].ToArray().Select(part => part.ToString("x2", CultureInfo.InvariantCulture))) : null;
    }

    private static async Task<string?> AskAsync(Socket socket, byte[] mac, byte[] wanted, TimeProvider time, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = ListenAsync(socket, mac, wanted, enough.Token);
        for (var probe = 1; probe <= Probes && !answer.IsCompleted; probe++)
        {
            await socket.SendAsync(Frame(mac, wanted), cancellationToken);
            await Task.WhenAny(answer, Task.Delay(probe == Probes ? Silence : Pause, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        await enough.CancelAsync();
        return await answer;
    }

    private static async Task<string?> ListenAsync(Socket socket, byte[] mac, byte[] wanted, CancellationToken enough)
    {
        var frame = new byte[2048];
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(frame, enough);
                if (Claims(frame.AsSpan(0, length), mac, wanted) is { } other)
                {
                    return other;
                }
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary><c>struct sockaddr_ll</c> (packet(7)), which the framework has no class for.</summary>
    private sealed class LinkEndPoint(int device, ushort protocol) : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, 20);
            address[2] = (byte)(protocol >> 8);
            address[3] = (byte)protocol;
            for (var i = 0; i < 4; i++)
            {
                address[4 + i] = (byte)(device >> (8 * i));
            }

            return address;
        }
    }
}
