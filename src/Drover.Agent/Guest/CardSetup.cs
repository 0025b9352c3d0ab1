using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Drover.Api.Agents;

namespace Drover.Agent.Guest;

/// <summary>Gives the guest's first card a fixed IPv4 address by system calls (netdevice(7), rtnetlink's older sister).</summary>
/// <remarks>The same as the image's script does, in a millisecond instead of the tenths of a second that its processes take under emulation.
/// Whatever it is not made for, it leaves to the script. A copy's card still has the address of its template.</remarks>
internal static class CardSetup
{
    private const int RequestBytes = 40;
    private const int NameBytes = 16;
    private const int RouteBytes = 120;
    private const nuint SetAddress = 0x8916;
    private const nuint SetNetmask = 0x891c;
    private const nuint GetFlags = 0x8913;
    private const nuint SetFlags = 0x8914;
    private const nuint AddRoute = 0x890b;
    private const nuint DeleteRoute = 0x890c;
    private const short Up = 1;
    private const short RouteUpGateway = 3;

    /// <summary>True when the card is set up. False: the script shall do it.</summary>
    public static bool TryApply(GuestIdentity identity)
    {
        // The hardware address first, also for DHCP: the script looks for the card by it.
        if (FirstCard(identity) is not { } card
            || (identity.Mac is { } mac && AddressOf(card) != mac && HardwareAddress.Take(card, Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal))) is not null))
        {
            return false;
        }

        if (!IsFixed(identity.Address, out var address, out var bits))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var descriptor = (int)socket.Handle;
        return Address(descriptor, card, address, bits)
            && (identity.Gateway is null || (IPAddress.TryParse(identity.Gateway, out var gateway) && gateway.AddressFamily == AddressFamily.InterNetwork && RouteOver(descriptor, gateway)));
    }

    /// <summary>The same for a card beside the first, found by its hardware address.</summary>
    public static bool TryApply(GuestCard further)
    {
        if (!IsFixed(further.Address, out var address, out var bits) || Cards().FirstOrDefault(card => AddressOf(card) == further.Mac) is not { } card)
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return Address((int)socket.Handle, card, address, bits);
    }

    /// <summary>Whether the kernel has found the card with this hardware address.</summary>
    public static bool Has(string mac) => Cards().Any(card => AddressOf(card) == mac);

    internal static byte[] Netmask(int bits)
    {
        var mask = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(mask, uint.MaxValue << (32 - bits));
        return mask;
    }

    /// <summary>A structure <c>sockaddr_in</c> without a port.</summary>
    internal static void WriteAddress(Span<byte> target, ReadOnlySpan<byte> address)
    {
        BitConverter.TryWriteBytes(target, (short)AddressFamily.InterNetwork);
        address.CopyTo(target[4..]);
    }

    /// <summary>The card with the identity's hardware address, else the first real one that is none of the further cards.</summary>
    private static string? FirstCard(GuestIdentity identity)
    {
        var cards = Cards();
        return cards.FirstOrDefault(card => AddressOf(card) == identity.Mac)
            ?? cards.FirstOrDefault(card => identity.Cards.All(further => further.Mac != AddressOf(card)));
    }

    /// <summary>Names of the real cards, in order.</summary>
    private static string[] Cards() =>
        [.. Directory.EnumerateDirectories("/sys/class/net").Where(path => Path.Exists(Path.Combine(path, "device"))).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static bool IsFixed(string? text, [NotNullWhen(true)] out IPAddress? address, out int bits)
    {
        (address, bits) = (null, 0);
        return text?.Split('/') is [var host, var prefix] && IPAddress.TryParse(host, out address) && address.AddressFamily == AddressFamily.InterNetwork
            && int.TryParse(prefix, out bits) && bits is >= 1 and <= 32;
    }

    private static bool Address(int socket, string card, IPAddress address, int bits) =>
        Set(socket, card, SetAddress, address.GetAddressBytes()) && Set(socket, card, SetNetmask, Netmask(bits)) && SwitchOn(socket, card);

    private static string AddressOf(string card) => File.ReadAllText($"/sys/class/net/{card}/address").Trim();

    private static bool Set(int socket, string card, nuint what, ReadOnlySpan<byte> address)
    {
        var request = Request(card);
        WriteAddress(request.AsSpan(NameBytes), address);
        return LibC.Control(socket, what, request) >= 0;
    }

    private static bool SwitchOn(int socket, string card)
    {
        var request = Request(card);
        if (LibC.Control(socket, GetFlags, request) < 0)
        {
            return false;
        }

        BitConverter.TryWriteBytes(request.AsSpan(NameBytes), (short)(BitConverter.ToInt16(request, NameBytes) | Up));
        return LibC.Control(socket, SetFlags, request) >= 0;
    }

    /// <summary>struct rtentry: destination at 8, gateway at 24, netmask at 40, flags at 56.</summary>
    private static bool RouteOver(int socket, IPAddress gateway)
    {
        var route = new byte[RouteBytes];
        WriteAddress(route.AsSpan(8), [0, 0, 0, 0]);
        WriteAddress(route.AsSpan(40), [0, 0, 0, 0]);
        BitConverter.TryWriteBytes(route.AsSpan(56), (short)1);

        // The one before, if there is one.
        _ = LibC.Control(socket, DeleteRoute, route);
        WriteAddress(route.AsSpan(24), gateway.GetAddressBytes());
        BitConverter.TryWriteBytes(route.AsSpan(56), RouteUpGateway);
        return LibC.Control(socket, AddRoute, route) >= 0;
    }

    private static byte[] Request(string card)
    {
        var request = new byte[RequestBytes];
        Encoding.ASCII.GetBytes(card, request.AsSpan(0, NameBytes - 1));
        return request;
    }
}
