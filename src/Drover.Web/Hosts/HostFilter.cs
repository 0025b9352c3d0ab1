namespace Drover.Web.Hosts;

/// <summary>What of the list is shown. Kept in the page's address, so that a link shows the same.</summary>
/// <param name="Text">Words that must all occur in name, state, labels, agent machine, address or image.</param>
/// <param name="Group">A state group of <see cref="Groups"/>; empty for all.</param>
internal sealed record HostFilter(string Text, string Group)
{
    public static IReadOnlyList<StateGroup> Groups { get; } =
    [
        new("failed", "failed", StatusTone.Failed),
        new("waiting", "to look at", StatusTone.Waiting),
        new("working", "in progress", StatusTone.Working),
        new("active", "active", StatusTone.Good),
        new("off", "off", StatusTone.Off),
    ];

    public bool IsEmpty => Text.Length == 0 && Group.Length == 0;

    public static string GroupOf(HostView host) => Groups.First(g => g.Tone == host.Status.Tone).Name;

    public IReadOnlyList<HostView> Apply(IReadOnlyList<HostView> hosts)
    {
        if (IsEmpty)
        {
            return hosts;
        }

        var words = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return [.. hosts.Where(h => (Group.Length == 0 || GroupOf(h) == Group) && words.All(w => Matches(h, w)))];
    }

    private static bool Matches(HostView host, string word) =>
        Has(host.Name, word)
        || Has(host.Status.Word, word)
        || Has(host.Status.Name, word)
        || Has(host.Placement, word)
        || Has(host.Address, word)
        || Has(host.Spec.Image, word)
        || Has(host.Key, word)
        || host.Labels.Any(l => Has($"{l.Key}={l.Value}", word));

    private static bool Has(string? text, string word) => text?.Contains(word, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>States that belong together for the eye.</summary>
internal sealed record StateGroup(string Name, string Label, StatusTone Tone);
