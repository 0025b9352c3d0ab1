using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Web.Container;

/// <summary>A line of a folded JSON document.</summary>
/// <param name="Path">Such as <c>State.Health.Log[0].ExitCode</c>.</param>
/// <param name="Value">A leaf's text; null for what has parts.</param>
/// <param name="Parts">How many parts it has.</param>
internal sealed record InspectLine(string Path, int Depth, string Key, string? Value, int Parts, bool Open);

/// <summary>A JSON document as lines, folded, and narrowed by words.</summary>
internal static class InspectTree
{
    /// <summary>So deep it is open at first.</summary>
    private const int OpenDepth = 1;

    /// <param name="turned">Paths that are the other way than at first: open or closed.</param>
    public static IReadOnlyList<InspectLine> Lines(JsonNode? document, string filter, IReadOnlySet<string> turned)
    {
        var words = filter.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var lines = new List<InspectLine>();
        foreach (var (key, node) in PartsOf(document))
        {
            Add(lines, node, key, key, 0, words, turned);
        }

        return lines;
    }

    /// <returns>Whether anything in it matches.</returns>
    private static bool Add(List<InspectLine> lines, JsonNode? node, string path, string key, int depth, string[] words, IReadOnlySet<string> turned)
    {
        var parts = node is JsonObject or JsonArray ? PartsOf(node).ToList() : [];
        if (parts.Count == 0)
        {
            var value = Text(node);
            if (!Array.TrueForAll(words, w => path.Contains(w, StringComparison.OrdinalIgnoreCase) || value.Contains(w, StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }

            lines.Add(new InspectLine(path, depth, key, value, 0, false));
            return true;
        }

        var own = lines.Count;
        var open = words.Length > 0 || (depth < OpenDepth) != turned.Contains(path);
        lines.Add(new InspectLine(path, depth, key, null, parts.Count, open));
        if (words.Length == 0)
        {
            if (open)
            {
                parts.ForEach(p => Add(lines, p.Node, PathOf(path, p.Key, node), p.Key, depth + 1, words, turned));
            }

            return true;
        }

        var any = false;
        foreach (var (name, part) in parts)
        {
            any |= Add(lines, part, PathOf(path, name, node), name, depth + 1, words, turned);
        }

        if (!any)
        {
            lines.RemoveAt(own);
        }

        return any;
    }

    private static IEnumerable<(string Key, JsonNode? Node)> PartsOf(JsonNode? node) => node switch
    {
        JsonObject named => named.Select(p => (p.Key, p.Value)),
        JsonArray listed => listed.Select((n, i) => (i.ToString(System.Globalization.CultureInfo.InvariantCulture), n)),
        _ => [],
    };

    private static string PathOf(string path, string key, JsonNode? parent) => parent is JsonArray ? $"{path}[{key}]" : $"{path}.{key}";

    private static string Text(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => node.ToJsonString(),
    };
}
