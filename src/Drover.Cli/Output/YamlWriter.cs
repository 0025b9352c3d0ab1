using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Cli.Output;

/// <summary>YAML 1.2 block style of JSON-like data. Text that could be read as anything else is written as a JSON string, which YAML reads alike.</summary>
internal static class YamlWriter
{
    private static readonly HashSet<string> Words = new(["true", "false", "yes", "no", "on", "off", "null", "y", "n"], StringComparer.OrdinalIgnoreCase);

    public static void Write(IReadOnlyList<JsonObject> rows, TextWriter output)
    {
        if (rows.Count == 0)
        {
            output.WriteLine("[]");
        }

        foreach (var row in rows)
        {
            WriteItem(row, 0, output);
        }
    }

    private static void WriteItem(JsonNode? item, int indent, TextWriter output)
    {
        output.Write(new string(' ', indent));
        if (item is JsonObject { Count: > 0 } map)
        {
            output.Write("- ");
            WriteMap(map, indent + 2, firstIsInline: true, output);
        }
        else if (item is JsonArray { Count: > 0 } list)
        {
            output.WriteLine("-");
            WriteList(list, indent + 2, output);
        }
        else
        {
            output.WriteLine($"- {Scalar(item)}");
        }
    }

    private static void WriteMap(JsonObject map, int indent, bool firstIsInline, TextWriter output)
    {
        var first = firstIsInline;
        foreach (var (key, value) in map)
        {
            output.Write(first ? "" : new string(' ', indent));
            first = false;
            output.Write(Plain(key));
            output.Write(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } inner:
                    output.WriteLine();
                    WriteMap(inner, indent + 2, firstIsInline: false, output);
                    break;
                case JsonArray { Count: > 0 } list:
                    output.WriteLine();
                    WriteList(list, indent + 2, output);
                    break;
                default:
                    output.WriteLine($" {Scalar(value)}");
                    break;
            }
        }
    }

    private static void WriteList(JsonArray list, int indent, TextWriter output)
    {
        foreach (var item in list)
        {
            WriteItem(item, indent, output);
        }
    }

    private static string Scalar(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        JsonValue text when text.GetValueKind() == JsonValueKind.String => Plain(text.GetValue<string>()),
        var other => other.ToJsonString(),
    };

    private static string Plain(string text)
    {
        var simple = text.Length > 0
            && (char.IsAsciiLetter(text[0]) || text[0] == '_')
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
            && !Words.Contains(text);
        return simple ? text : $"\"{JsonEncodedText.Encode(text)}\"";
    }
}
