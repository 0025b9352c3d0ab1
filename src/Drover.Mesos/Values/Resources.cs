using Drover.Mesos.V1;
using Google.Protobuf;

namespace Drover.Mesos;

/// <summary>An immutable bag of resources with exact arithmetic: scalars count in thousandths, ranges and sets as such.</summary>
/// <remarks>Two resources are the same kind when name and metadata (role, reservations, disk, revocable, shared, provider)
/// are equal; <c>allocation_info</c> is not compared and not kept. Mesos gives scalars three decimals of fixed point;
/// adding doubles drifts away from what it counts.</remarks>
public sealed class Resources
{
    public static readonly Resources Empty = new([]);

    private readonly Dictionary<ResourceKind, ResourceAmount> _items;

    private Resources(Dictionary<ResourceKind, ResourceAmount> items) => _items = items;

    public bool IsEmpty => _items.Count == 0;

    /// <summary>The sum of a list. Resources without a quantity are left out.</summary>
    public static Resources Of(IEnumerable<Resource> resources)
    {
        var items = new Dictionary<ResourceKind, ResourceAmount>();
        foreach (var resource in resources)
        {
            Merge(items, ResourceKind.Of(resource), ResourceAmount.Of(resource));
        }

        return new Resources(items);
    }

    /// <summary>An unreserved scalar; <paramref name="milli"/> in thousandths of a CPU or of a MiB.</summary>
    public static Resource Scalar(string name, long milli) => new()
    {
        Name = name,
        Type = Value.Types.Type.Scalar,
        Scalar = new Value.Types.Scalar { Value = milli / 1000d },
    };

    /// <summary>Thousandths, rounded as Mesos rounds.</summary>
    public static long ToMilli(double value) => (long)Math.Round(value * 1000d, MidpointRounding.AwayFromZero);

    /// <summary>The total of all scalars of this name, whatever their metadata, in thousandths.</summary>
    public long Milli(string name)
    {
        long sum = 0;
        foreach (var (kind, amount) in _items)
        {
            sum += kind.Name == name ? amount.Milli : 0;
        }

        return sum;
    }

    /// <summary>The names that occur.</summary>
    public IEnumerable<string> Names => _items.Keys.Select(k => k.Name).Distinct(StringComparer.Ordinal);

    /// <summary>Whether every amount of <paramref name="other"/> is here, kind by kind.</summary>
    public bool Contains(Resources other) =>
        other._items.All(item => _items.TryGetValue(item.Key, out var mine) && mine.Contains(item.Value));

    public Resources Add(Resources other)
    {
        var items = new Dictionary<ResourceKind, ResourceAmount>(_items);
        foreach (var (kind, amount) in other._items)
        {
            Merge(items, kind, amount);
        }

        return new Resources(items);
    }

    /// <summary>What is left after taking <paramref name="other"/> away; kinds and amounts that are not here are ignored.</summary>
    public Resources Subtract(Resources other)
    {
        var items = new Dictionary<ResourceKind, ResourceAmount>(_items);
        foreach (var (kind, amount) in other._items)
        {
            if (items.TryGetValue(kind, out var mine))
            {
                var rest = mine.Subtract(amount);
                if (rest.IsZero)
                {
                    items.Remove(kind);
                }
                else
                {
                    items[kind] = rest;
                }
            }
        }

        return new Resources(items);
    }

    /// <summary>Takes <paramref name="milli"/> thousandths of a scalar, over as many kinds as it needs, metadata unchanged:
    /// what an ACCEPT must name. Null when there is not enough.</summary>
    public Resources? Take(string name, long milli)
    {
        var items = new Dictionary<ResourceKind, ResourceAmount>();
        foreach (var (kind, amount) in _items)
        {
            if (milli > 0 && kind.Name == name && amount.Milli > 0)
            {
                var part = Math.Min(milli, amount.Milli);
                items[kind] = ResourceAmount.OfMilli(part);
                milli -= part;
            }
        }

        return milli > 0 ? null : new Resources(items);
    }

    /// <summary>As messages, by name; <paramref name="allocationRole"/> becomes their <c>allocation_info</c>.</summary>
    public IReadOnlyList<Resource> ToMessages(string? allocationRole = null) =>
        [.. _items.OrderBy(i => i.Key.Name, StringComparer.Ordinal).Select(i => i.Value.Apply(i.Key.Prototype(allocationRole)))];

    /// <summary>For people: <c>cpus 4, mem 8192, ports [31000-31001]</c>.</summary>
    public override string ToString() =>
        string.Join(", ", _items.OrderBy(i => i.Key.Name, StringComparer.Ordinal).Select(i => $"{i.Key.Name} {i.Value}"));

    private static void Merge(Dictionary<ResourceKind, ResourceAmount> items, ResourceKind kind, ResourceAmount amount)
    {
        if (!amount.IsZero)
        {
            items[kind] = items.TryGetValue(kind, out var mine) ? mine.Add(amount) : amount;
        }
    }
}

/// <summary>Name and metadata of a resource, comparable. Plain unreserved resources, nearly all there are, compare by name alone.</summary>
internal sealed record ResourceKind(string Name, Value.Types.Type Type, ByteString Metadata)
{
    public static ResourceKind Of(Resource resource) =>
        new(resource.Name, resource.Type, IsPlain(resource) ? ByteString.Empty : Describe(resource));

    /// <summary>A message of this kind without a quantity.</summary>
    public Resource Prototype(string? allocationRole)
    {
        var resource = Metadata.IsEmpty ? new Resource { Name = Name, Type = Type } : Resource.Parser.ParseFrom(Metadata);
        if (allocationRole is not null)
        {
            resource.AllocationInfo = new Resource.Types.AllocationInfo { Role = allocationRole };
        }

        return resource;
    }

    private static bool IsPlain(Resource r) =>
        (!r.HasRole || r.Role == "*") && r.Disk is null && r.Reservation is null && r.Revocable is null && r.Shared is null
        && r.ProviderId is null && r.Reservations.Count == 0;

    private static ByteString Describe(Resource resource)
    {
        var copy = resource.Clone();
        copy.Scalar = null;
        copy.Ranges = null;
        copy.Set = null;
        copy.AllocationInfo = null;
        return copy.ToByteString();
    }
}
