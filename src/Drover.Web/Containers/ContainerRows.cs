using Drover.Web.Hosts;

namespace Drover.Web.Containers;

/// <summary>A line of the list: a group's head, a container, or what is to be said about the container above it. All are equally high.</summary>
/// <param name="Key">The same for the same thing over time.</param>
internal sealed record ContainerLine(string Key, ContainerView? View, string? Note, GroupHead? Head);

/// <summary>The containers of one group.</summary>
/// <param name="Tones">How many of each state that needs no counting by eye.</param>
internal sealed record GroupHead(string Name, string Label, string? Href, int Count, IReadOnlyList<(StateGroup State, int Count)> Tones, bool Closed);

/// <summary>A value by which the list can be narrowed, with how many containers have it.</summary>
public sealed record Facet(string Value, string Label, int Count);

/// <summary>What a list shows for a query: made anew when containers or query change, at most as often as the feed raises.</summary>
internal sealed class ContainerRows
{
    /// <summary>The most choices of one kind; a list of thousands helps nobody.</summary>
    private const int MostFacets = 200;

    /// <summary>A list, because what draws only a part of it asks by index.</summary>
    public List<ContainerLine> Lines { get; private init; } = [];

    /// <summary>In the order of the list, also those of closed groups.</summary>
    public IReadOnlyList<ContainerView> Shown { get; private init; } = [];

    /// <summary>How many of each state match everything else of the query.</summary>
    public IReadOnlyDictionary<string, int> States { get; private init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Of all containers, for the choices.</summary>
    public static IReadOnlyList<Facet> Hosts(IEnumerable<ContainerView> all, HostNames hosts) =>
        [.. Counted(all.Select(v => v.HostId)).Select(f => f with { Label = hosts.Name(f.Value) }).OrderBy(f => f.Label, HostOrder.Names).Take(MostFacets)];

    public static IReadOnlyList<Facet> Images(IEnumerable<ContainerView> all) =>
        [.. Counted(all.Select(v => v.Image)).OrderByDescending(f => f.Count).Take(MostFacets).OrderBy(f => f.Label, HostOrder.Names)];

    /// <summary>Keys, and the values of keys that have few of them.</summary>
    public static IReadOnlyList<Facet> Labels(IEnumerable<ContainerView> all)
    {
        const int FewValues = 12;
        var keys = new Dictionary<string, Dictionary<string, int>>(StringComparer.Ordinal);
        foreach (var (key, value) in all.SelectMany(v => v.Labels))
        {
            if (!keys.TryGetValue(key, out var values))
            {
                keys[key] = values = new(StringComparer.Ordinal);
            }

            if (values.Count <= FewValues || values.ContainsKey(value))
            {
                values[value] = values.GetValueOrDefault(value) + 1;
            }
        }

        return [.. keys.OrderBy(k => k.Key, StringComparer.Ordinal)
            .SelectMany(k => (IEnumerable<Facet>)[new(k.Key, k.Key, k.Value.Values.Sum()), .. k.Value.Count is > 1 and <= FewValues ? k.Value.OrderBy(v => v.Key, HostOrder.Names).Select(v => new Facet($"{k.Key}={v.Key}", $"{k.Key}={v.Key}", v.Value)) : []])
            .Take(MostFacets)];
    }

    /// <param name="all">By name.</param>
    /// <param name="notes">By container id: why the last thing asked of it was not done.</param>
    public static ContainerRows Of(IReadOnlyList<ContainerView> all, ContainerQuery query, HostNames hosts, Func<string, string?> notes, IReadOnlySet<string> closed)
    {
        var matches = all.Where(query.Filter()).ToList();
        var states = ContainerQuery.States.ToDictionary(s => s.Name, s => matches.Count(v => v.Status.Tone == s.Tone), StringComparer.Ordinal);
        var tone = ContainerQuery.States.FirstOrDefault(s => s.Name == query.State)?.Tone;
        var shown = Sorted(tone is null ? matches : [.. matches.Where(v => v.Status.Tone == tone)], query, hosts);
        var lines = new List<ContainerLine>(shown.Count + 16);
        if (query.Group.Length == 0)
        {
            Add(lines, shown, notes);
            return new ContainerRows { Lines = lines, Shown = shown, States = states };
        }

        var ordered = new List<ContainerView>(shown.Count);
        foreach (var group in shown.GroupBy(v => GroupOf(v, query.Group), StringComparer.Ordinal).Select(g => (Head: Head(g.Key, [.. g], query.Group, hosts, closed), Views: g)).OrderBy(g => g.Head.Name.Length == 0).ThenBy(g => g.Head.Label, HostOrder.Names))
        {
            lines.Add(new ContainerLine($"g {group.Head.Name}", null, null, group.Head));
            ordered.AddRange(group.Views);
            if (!group.Head.Closed)
            {
                Add(lines, group.Views, notes);
            }
        }

        return new ContainerRows { Lines = lines, Shown = ordered, States = states };
    }

    private static IEnumerable<Facet> Counted(IEnumerable<string?> values) =>
        values.Where(v => v is { Length: > 0 }).CountBy(v => v!, StringComparer.Ordinal).Select(v => new Facet(v.Key, v.Key, v.Value));

    private static void Add(List<ContainerLine> lines, IEnumerable<ContainerView> views, Func<string, string?> notes)
    {
        foreach (var view in views)
        {
            lines.Add(new ContainerLine(view.Id, view, null, null));
            if ((notes(view.Id) ?? (view.Status.Tone == StatusTone.Failed ? view.Message : null)) is { } note)
            {
                lines.Add(new ContainerLine($"n {view.Id}", view, note, null));
            }
        }
    }

    private static string GroupOf(ContainerView view, string by) =>
        by == ContainerQuery.ByHost ? view.HostId ?? "" : view.Labels.FirstOrDefault(l => l.Key == by).Value ?? "";

    private static GroupHead Head(string name, IReadOnlyList<ContainerView> views, string by, HostNames hosts, IReadOnlySet<string> closed)
    {
        var tones = ContainerQuery.States.Select(s => (s, views.Count(v => v.Status.Tone == s.Tone))).Where(t => t.Item2 > 0).ToList();
        return by == ContainerQuery.ByHost
            ? new GroupHead(name, hosts.Name(name), hosts.Href(name), views.Count, tones, closed.Contains(name))
            : new GroupHead(name, name.Length == 0 ? $"without {by}" : $"{by}={name}", null, views.Count, tones, closed.Contains(name));
    }

    /// <summary>Equal ones stay by name.</summary>
    private static List<ContainerView> Sorted(List<ContainerView> views, ContainerQuery query, HostNames hosts)
    {
        List<ContainerView> By<TKey>(Func<ContainerView, TKey> key, IComparer<TKey>? comparer = null) => [.. query.Descending ? views.OrderByDescending(key, comparer) : views.OrderBy(key, comparer)];
        switch (query.Sort)
        {
            case "state":
                return By(Rank);
            case "host":
                var places = hosts.Places();
                return By(v => v.HostId is { } host && places.TryGetValue(host, out var place) ? place : int.MaxValue);
            case "image":
                return By(v => v.Image, StringComparer.Ordinal);
            case "address":
                return By(v => v.Address ?? "", HostOrder.Names);
            case "age":
                return By(v => -(v.Created?.UtcTicks ?? 0));
            default:
                if (query.Descending)
                {
                    views.Reverse();
                }

                return views;
        }
    }

    private static int Rank(ContainerView view) => view.Status.Tone switch
    {
        StatusTone.Failed => 0,
        StatusTone.Waiting => 1,
        StatusTone.Working => 2,
        StatusTone.Good => 3,
        _ => 4,
    };
}
