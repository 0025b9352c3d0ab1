using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Drover.Api.Machines;

namespace Drover.Scheduler.Addresses;

/// <summary>The addresses that the scheduler gives to machines on a bridge: <c>IP_CIDR</c> without its network and broadcast address, the gateway, the name
/// servers and what is excluded.</summary>
internal sealed class AddressRange
{
    private const int LargestPrefix = 30;
    private const int SmallestPrefix = 16;
    private readonly uint _first;
    private readonly int _prefix;
    private readonly List<(uint From, uint To)> _excluded = [];

    private AddressRange(IPNetwork network, string? gateway, IReadOnlyList<string> nameServers)
    {
        Network = network;
        Gateway = gateway;
        NameServers = nameServers;
        _first = Number(network.BaseAddress);
        _prefix = network.PrefixLength;
    }

    public IPNetwork Network { get; }

    public string? Gateway { get; }

    public IReadOnlyList<string> NameServers { get; }

    private uint Size => 1u << (32 - _prefix);

    /// <summary>Reads the four settings; null when there is no range. <paramref name="problems"/> takes a sentence for each that is wrong.</summary>
    public static AddressRange? Read(string? cidr, string? gateway, IReadOnlyList<string> nameServers, IReadOnlyList<string> exclude, List<string> problems)
    {
        var before = problems.Count;
        if (cidr is null)
        {
            if (gateway is not null || nameServers.Count > 0 || exclude.Count > 0)
            {
                problems.Add("Gateway, NameServers, AddressExclude: given without IpCidr (IP_CIDR).");
            }

            return null;
        }

        if (!IPNetwork.TryParse(cidr, out var network) || network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || network.PrefixLength is < SmallestPrefix or > LargestPrefix)
        {
            problems.Add($"IpCidr (IP_CIDR): '{cidr}' is no IPv4 network of /{SmallestPrefix} to /{LargestPrefix} such as 192.168.10.0/24.");
            return null;
        }

        if (gateway is not null && !(IsAddress(gateway) && network.Contains(IPAddress.Parse(gateway))))
        {
            problems.Add($"Gateway: '{gateway}' is no address of {network}.");
        }

        problems.AddRange(nameServers.Where(server => !IsAddress(server)).Select(server => $"NameServers: '{server}' is no IPv4 address."));
        var range = new AddressRange(network, gateway, nameServers);
        foreach (var text in exclude)
        {
            var ends = text.Split('-', 2, StringSplitOptions.TrimEntries);
            if (ends.All(IsAddress) && Number(IPAddress.Parse(ends[0])) <= Number(IPAddress.Parse(ends[^1])))
            {
                range._excluded.Add((Number(IPAddress.Parse(ends[0])), Number(IPAddress.Parse(ends[^1]))));
            }
            else
            {
                problems.Add($"AddressExclude: '{text}' is no address and no range such as 192.168.10.1-192.168.10.50.");
            }
        }

        return problems.Count > before ? null : range;
    }

    /// <summary>The next address after <paramref name="last"/> that may be given and nobody has; null when there is none.</summary>
    /// <param name="taken">Addresses without prefix.</param>
    public string? Next(string? last, IReadOnlySet<string> taken)
    {
        var start = last is null ? 0 : Number(IPAddress.Parse(last)) - _first;
        for (uint step = 1; step <= Size; step++)
        {
            var number = _first + ((start + step) % Size);
            if (IsUsable(number) && Text(number) is var address && !taken.Contains(address))
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>What a machine is told of its address.</summary>
    public GuestAddress Of(string address) => new()
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"{address}/{_prefix}"),
        Gateway = Gateway,
        NameServers = NameServers,
    };

    private bool IsUsable(uint number) =>
        number != _first && number != _first + Size - 1 && Text(number) is var text && text != Gateway && !NameServers.Contains(text, StringComparer.Ordinal)
        && !_excluded.Exists(range => number >= range.From && number <= range.To);

    private static bool IsAddress(string text) => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text;

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static string Text(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes).ToString();
    }
}
