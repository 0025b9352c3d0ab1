using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Addresses;

/// <summary>An address that is not given to anybody for a while.</summary>
/// <param name="Address">Without prefix.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record QuarantinedAddress(string Address, DateTimeOffset Until, string Reason);

/// <summary>Gives each waiting machine on a bridge an address of the range, before it is placed.</summary>
/// <remarks>
/// The address is part of the request: stored with it in the turn that gives it, and so before the intent that carries it; free again when the request is gone.
/// Nobody else writes it, so no two requests ever have the same. An address that somebody on the network answered for, and one whose last machine may
/// still run on a lost agent, are kept aside for an hour. When none is left, the machine waits and says so.
/// </remarks>
internal sealed class AddressDesk(RequestBook book, AddressRange? range, IEnumerable<QuarantinedAddress> quarantined)
{
    public static readonly TimeSpan Quarantine = TimeSpan.FromHours(1);

    private readonly Dictionary<string, QuarantinedAddress> _quarantined = quarantined.ToDictionary(q => q.Address, StringComparer.Ordinal);
    private string? _last;

    public void Act(Turn turn)
    {
        foreach (var address in turn.Changes.Quarantined)
        {
            _quarantined[address.Address] = address;
        }

        foreach (var over in _quarantined.Values.Where(q => q.Until <= turn.Now).ToList())
        {
            _quarantined.Remove(over.Address);
            turn.Changes.Released.Add(over.Address);
        }

        var waiting = book.Queue.Where(Needs).ToList();
        if (range is null || waiting.Count == 0)
        {
            return;
        }

        var taken = book.All.Values.Where(r => r is { Address: not null, State: not RequestState.Gone }).Select(r => Bare(r.Address!.Address)).Concat(_quarantined.Keys).ToHashSet(StringComparer.Ordinal);
        foreach (var request in waiting)
        {
            if (range.Next(_last, taken) is { } address)
            {
                taken.Add(address);
                _last = address;
                turn.Put(request with { Address = range.Of(address), Hindrance = null });
            }
            else if (Exhausted() is var why && request.Hindrance != why)
            {
                turn.Put(request with { Hindrance = why });
            }
        }
    }

    /// <summary>Without the prefix.</summary>
    internal static string Bare(string address) => address.Split('/')[0];

    private static bool Needs(MachineRequest request) => request is { Address: null, Discard: false, Spec: { } spec } && spec.Network.StartsWith("bridge:", StringComparison.Ordinal);

    private string Exhausted() => _quarantined.Count == 0
        ? $"Waiting for an address: every one of {range!.Network} is taken."
        : $"Waiting for an address: every one of {range!.Network} is taken, {_quarantined.Count} of them kept aside because somebody else may have them.";
}
