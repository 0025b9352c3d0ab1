using System.Text.RegularExpressions;

namespace Drover.Daemon.Tests.Telemetry;

/// <summary>An answer of <c>/metrics</c>, or the table of docs/metrics.md: name, type and labels of each metric.</summary>
internal static partial class Scrape
{
    private static readonly string[] s_ofHistograms = ["_bucket", "_sum", "_count"];

    public static Dictionary<string, (string Type, string Labels)> Read(string text)
    {
        var types = TypeLine().Matches(text).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["type"].Value, StringComparer.Ordinal);
        var labels = types.Keys.ToDictionary(name => name, _ => new SortedSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (Match sample in Sample().Matches(text))
        {
            var name = sample.Groups["name"].Value;
            name = types.ContainsKey(name) ? name : name[..^s_ofHistograms.Single(s => name.EndsWith(s, StringComparison.Ordinal)).Length];
            labels[name].UnionWith(Label().Matches(sample.Groups["labels"].Value).Select(m => m.Groups["key"].Value).Where(key => key != "le"));
        }

        return types.ToDictionary(t => t.Key, t => (t.Value, string.Join(' ', labels[t.Key])), StringComparer.Ordinal);
    }

    public static Dictionary<string, (string Type, string Labels, string Unit)> ReadTable(string markdown) => Row().Matches(markdown).ToDictionary(
        m => m.Groups["name"].Value,
        m => (m.Groups["type"].Value, string.Join(' ', m.Groups["labels"].Value.Replace("`", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(l => l != "–").Order(StringComparer.Ordinal)), m.Groups["unit"].Value.Trim()),
        StringComparer.Ordinal);

    [GeneratedRegex(@"^# TYPE (?<name>\S+) (?<type>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(?<name>[a-z_][a-z0-9_]*)(\{(?<labels>.*)\})? \S+", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex(@"(?<key>[a-z_]+)=""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"^\| `(?<name>[a-z_0-9]+)` \| (?<type>\w+) \| (?<labels>[^|]*) \| (?<unit>[^|]*) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
