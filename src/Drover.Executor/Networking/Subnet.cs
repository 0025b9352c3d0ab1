using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Executor.Networking;

/// <summary>An IPv4 network, and who gets which address in it.</summary>
/// <param name="Base">The network's own address.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Subnet(uint Base, int Prefix)
{
    private uint Size => Prefix == 0 ? uint.MaxValue : 1u << (32 - Prefix);

    /// <summary>The first address: the gateway, where there is one.</summary>
    internal string First => Text(Base + 1);

    internal static Subnet Parse(string text)
    {
        var network = IPNetwork.Parse(text);
        return new Subnet(BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes()), network.PrefixLength);
    }

    internal bool Overlaps(Subnet other)
    {
        var prefix = Math.Min(Prefix, other.Prefix);
        return prefix == 0 || (Base ^ other.Base) >> (32 - prefix) == 0;
    }

    internal bool Contains(string address) => IPAddress.TryParse(address, out var parsed) && new IPNetwork(new IPAddress(Bytes(Base)), Prefix).Contains(parsed);

    /// <summary>An address for a machine: that of a hash over its external id, or the next that is free, so that a machine mostly gets the same one again.
    /// Null when all are taken. Network, first address and broadcast are never given.</summary>
    internal string? AddressFor(string externalId, IReadOnlyCollection<string> taken)
    {
        var usable = Size - 3;
        var start = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(externalId))) % usable;
        for (uint i = 0; i < usable; i++)
        {
            var address = Text(Base + 2 + ((start + i) % usable));
            if (!taken.Contains(address, StringComparer.Ordinal))
            {
                return address;
            }
        }

        return null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text(Base)}/{Prefix}");

    /// <summary>The destinations of this computer's IPv4 routes (<c>/proc/net/route</c>), without the default route.</summary>
    internal static IReadOnlyList<(string Device, Subnet Network)> Routes(string procNetRoute) =>
    [
        .. procNetRoute.Split('\n').Skip(1).Select(line => line.Split('\t', StringSplitOptions.TrimEntries)).Where(fields => fields.Length >= 8)
            .Select(fields => (Device: fields[0], Network: new Subnet(Reverse(fields[1]), uint.PopCount(Reverse(fields[7])) is var bits ? (int)bits : 0)))
            .Where(route => route.Network.Prefix > 0),
    ];

    /// <summary>The kernel prints addresses as numbers of the machine's byte order; all of ours are little-endian.</summary>
    private static uint Reverse(string hex) => BinaryPrimitives.ReverseEndianness(uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static string Text(uint address) => new IPAddress(Bytes(address)).ToString();

    private static byte[] Bytes(uint address)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return bytes;
    }
}
