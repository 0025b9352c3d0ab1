using System.Net;
using System.Security.Cryptography;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>The network as the guest sees it.</summary>
/// <param name="Address">Address with prefix; null for DHCP, or for a guest that uses this machine's own network.</param>
/// <param name="ThisMachine">How the guest names this machine's loopback; null if it is the guest's loopback as well.</param>
internal sealed record GuestNetwork(string? Address, string? Gateway, IReadOnlyList<string> NameServers, string? ThisMachine)
{
    /// <summary>The first card's hardware address, by which the guest finds it; null for the only one.</summary>
    public string? Mac { get; init; }

    /// <summary>Cards beside the first.</summary>
    public IReadOnlyList<GuestCard> Cards { get; init; } = [];

    /// <summary>A spare on a network that gives its addresses to machines only.</summary>
    public bool Unconnected { get; init; }

    /// <summary>A guest that is a process of this machine.</summary>
    internal static GuestNetwork OfThisMachine { get; } = new(null, null, [], null);

    /// <summary>The identity for a hello, with the clock of now and fresh random bytes.</summary>
    internal GuestIdentity Identity(MachineTask task, TimeProvider time) => new()
    {
        MachineUuid = task.ExternalId,
        Hostname = task.Hostname,
        RegistrationUrl = FromGuest(task.RegistrationUrl),
        Address = Address,
        Gateway = Gateway,
        NameServers = NameServers,
        Mac = Mac,
        Cards = Cards,
        Unconnected = Unconnected,
        Labels = task.Labels,
        ClockMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds(),
        Entropy = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)),
    };

    /// <summary>The address by which the guest reaches what this machine calls <paramref name="url"/>.</summary>
    internal string FromGuest(string url)
    {
        if (ThisMachine is null || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || !IsLoopback(parsed))
        {
            return url;
        }

        return new UriBuilder(parsed) { Host = ThisMachine }.Uri.AbsoluteUri;
    }

    private static bool IsLoopback(Uri url) =>
        url.IsLoopback || url.Host is "0.0.0.0" or "[::]" || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));
}
