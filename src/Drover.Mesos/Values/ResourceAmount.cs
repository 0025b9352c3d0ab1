using System.Collections.Immutable;
using System.Globalization;
using Drover.Mesos.V1;

namespace Drover.Mesos;

/// <summary>How much of one kind: thousandths of a scalar, disjoint ascending ranges, or a set of names.</summary>
internal readonly record struct ResourceAmount(long Milli, ImmutableArray<(ulong Begin, ulong End)> Ranges, ImmutableSortedSet<string> Items)
{
    public bool IsZero => Milli <= 0 && Ranges.IsEmpty && Items.IsEmpty;

    public static ResourceAmount OfMilli(long milli) => new(milli, [], []);

    public static ResourceAmount Of(Resource resource) => new(
        resource.Scalar is null ? 0 : Resources.ToMilli(resource.Scalar.Value),
        resource.Ranges is null ? [] : Normalize(resource.Ranges.Range.Select(r => (r.Begin, r.End))),
        resource.Set is null ? [] : [.. resource.Set.Item]);

    public bool Contains(ResourceAmount other)
    {
        var mine = Ranges;
        return Milli >= other.Milli && Items.IsSupersetOf(other.Items)
            && other.Ranges.All(o => mine.Any(m => m.Begin <= o.Begin && o.End <= m.End));
    }

    public ResourceAmount Add(ResourceAmount other) =>
        new(Milli + other.Milli, Normalize(Ranges.Concat(other.Ranges)), Items.Union(other.Items));

    public ResourceAmount Subtract(ResourceAmount other)
    {
        var ranges = Ranges;
        foreach (var cut in other.Ranges)
        {
            ranges = [.. ranges.SelectMany(r => Cut(r, cut))];
        }

        return new(Math.Max(0, Milli - other.Milli), ranges, Items.Except(other.Items));
    }

    /// <summary>Puts this quantity into a message of the kind.</summary>
    public Resource Apply(Resource resource)
    {
        switch (resource.Type)
        {
            case Value.Types.Type.Scalar:
                resource.Scalar = new Value.Types.Scalar { Value = Milli / 1000d };
                break;
            case Value.Types.Type.Ranges:
                resource.Ranges = new Value.Types.Ranges();
                resource.Ranges.Range.AddRange(Ranges.Select(r => new Value.Types.Range { Begin = r.Begin, End = r.End }));
                break;
            default:
                resource.Set = new Value.Types.Set();
                resource.Set.Item.AddRange(Items);
                break;
        }

        return resource;
    }

    public override string ToString() =>
        Ranges.IsEmpty
            ? Items.IsEmpty ? (Milli / 1000m).ToString("0.###", CultureInfo.InvariantCulture) : $"{{{string.Join(',', Items)}}}"
            : $"[{string.Join(',', Ranges.Select(r => $"{r.Begin}-{r.End}"))}]";

    private static ImmutableArray<(ulong Begin, ulong End)> Normalize(IEnumerable<(ulong Begin, ulong End)> ranges)
    {
        var merged = new List<(ulong Begin, ulong End)>();
        foreach (var range in ranges.Where(r => r.Begin <= r.End).OrderBy(r => r.Begin))
        {
            if (merged.Count > 0 && (merged[^1].End == ulong.MaxValue || range.Begin <= merged[^1].End + 1))
            {
                merged[^1] = (merged[^1].Begin, Math.Max(merged[^1].End, range.End));
            }
            else
            {
                merged.Add(range);
            }
        }

        return [.. merged];
    }

    private static IEnumerable<(ulong Begin, ulong End)> Cut((ulong Begin, ulong End) range, (ulong Begin, ulong End) cut)
    {
        if (cut.End < range.Begin || cut.Begin > range.End)
        {
            yield return range;
            yield break;
        }

        if (cut.Begin > range.Begin)
        {
            yield return (range.Begin, cut.Begin - 1);
        }

        if (cut.End < range.End)
        {
            yield return (cut.End + 1, range.End);
        }
    }
}
