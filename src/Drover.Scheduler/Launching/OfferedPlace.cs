using System.Globalization;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Launching;

/// <summary>All offers of one agent and one role in a batch: what Mesos lets be accepted in one call.</summary>
internal sealed class OfferedPlace
{
    private OfferedPlace(IReadOnlyList<Offer> offers)
    {
        Offers = offers;
        var first = offers[0];
        Left = Resources.Of(offers.SelectMany(o => o.Resources).Where(IsUsable));
        Place = new Place
        {
            AgentId = first.AgentId.Value,
            Role = first.AllocationInfo?.Role ?? "*",
            Hostname = first.Hostname,
            Attributes = ReadAttributes(first),
            Free = new Amounts(Left.Milli("cpus"), Left.Milli("mem"), Left.Milli("disk")),
        };
    }

    public IReadOnlyList<Offer> Offers { get; }

    public Place Place { get; }

    /// <summary>What no task has taken yet.</summary>
    public Resources Left { get; private set; }

    public string? AgentUrl => Offers[0].Url is { } url && url.Address is { } address ? AgentAddress(url.Scheme, address) : null;

    /// <summary>Pools a batch; offers of agents whose machines go into maintenance are left out, a machine would not live long there.</summary>
    public static IReadOnlyList<OfferedPlace> Pool(IEnumerable<Offer> offers) =>
        [.. offers.Where(o => o.Unavailability is null)
            .GroupBy(o => (o.AgentId.Value, o.AllocationInfo?.Role))
            .Select(g => new OfferedPlace([.. g]))];

    /// <summary>Takes the amounts out of the pool, with their reservations and roles as they were offered. Null when they are not there.</summary>
    public IReadOnlyList<Resource>? Take(Amounts amounts)
    {
        var taken = Resources.Empty;
        foreach (var (name, milli) in new[] { ("cpus", amounts.Cpus), ("mem", amounts.Memory), ("disk", amounts.Disk) })
        {
            if (milli > 0)
            {
                if (Left.Take(name, milli) is not { } part)
                {
                    return null;
                }

                taken = taken.Add(part);
            }
        }

        Left = Left.Subtract(taken);
        return taken.ToMessages(Offers[0].AllocationInfo?.Role);
    }

    /// <summary>Only plain amounts: nothing that can be revoked or shared, and no volumes or mounted disks.</summary>
    private static bool IsUsable(Resource resource) =>
        resource.Type == Value.Types.Type.Scalar && resource.Revocable is null && resource.Shared is null
        && (resource.Disk is null || (resource.Disk.Persistence is null && resource.Disk.Source is null && resource.Disk.Volume is null));

    private static Dictionary<string, string> ReadAttributes(Offer offer)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal) { [PlacementConstraint.Hostname] = offer.Hostname };
        foreach (var attribute in offer.Attributes)
        {
            attributes.TryAdd(attribute.Name, attribute.Type switch
            {
                Value.Types.Type.Scalar => attribute.Scalar.Value.ToString("0.###", CultureInfo.InvariantCulture),
                Value.Types.Type.Ranges => $"[{string.Join(',', attribute.Ranges.Range.Select(r => $"{r.Begin}-{r.End}"))}]",
                Value.Types.Type.Set => $"{{{string.Join(',', attribute.Set.Item)}}}",
                _ => attribute.Text?.Value ?? "",
            });
        }

        return attributes;
    }

    /// <summary>A certificate names the host, and a plain agent's host name is not always known to others.</summary>
    private static string AgentAddress(string scheme, Address address)
    {
        var host = scheme == "https" || !address.HasIp ? address.Hostname : address.Ip;
        return new UriBuilder(scheme, host, address.Port).Uri.GetLeftPart(UriPartial.Authority);
    }
}
