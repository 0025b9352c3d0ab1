using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Cli.Output;

/// <summary>Reads fields of a JSON object without trusting their kinds.</summary>
internal static class JsonRow
{
    /// <summary>A string as it is, numbers and booleans as their JSON text; null for null, absent, objects and arrays.</summary>
    public static string? Text(this JsonObject row, string field) => row[field] switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value => value.ToJsonString(),
        _ => null,
    };

    public static double? Number(this JsonObject row, string field) =>
        row[field] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && double.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The object as text, or null when it is no JSON object.</summary>
    public static JsonObject? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
