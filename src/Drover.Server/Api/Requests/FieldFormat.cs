using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;

namespace Drover.Server.Api.Requests;

/// <summary>Reads one value as its field's type says and checks limits. Texts that hold a number or boolean are taken, as Cattle does.</summary>
internal static class FieldFormat
{
    private const int MaxMapEntries = 256;
    private const int MaxMapText = 4096;

    public static JsonNode Read(Field field, string name, JsonNode value)
    {
        if (field.Type.StartsWith("map[", StringComparison.Ordinal))
        {
            return ReadMap(field, name, value);
        }

        if (field.Type.StartsWith("array[", StringComparison.Ordinal))
        {
            return ReadArray(field, name, value);
        }

        return field.Type switch
        {
            "int" => Whole(field, name, value),
            "float" => Real(field, name, value),
            "boolean" => Flag(name, value),
            "json" => value.DeepClone(),
            _ when field.Type.StartsWith("reference[", StringComparison.Ordinal) => Scalar(name, value),
            "string" or "multiline" or "masked" or "password" or "enum" or "date" => Text(field, name, value),
            _ => value is JsonObject ? value.DeepClone() : throw Format(name, "an object"),
        };
    }

    public static string? ReferenceTarget(string type) =>
        type.StartsWith("reference[", StringComparison.Ordinal) ? type[10..^1] : null;

    /// <summary>The text of a scalar; 422 for an object or array.</summary>
    public static string Scalar(string name, JsonNode? value) => value switch
    {
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        JsonValue v => v.ToJsonString(),
        _ => throw Format(name, "a text"),
    };

    /// <summary>Checks a number against a field's limits.</summary>
    public static void Limits(Field field, string name, double number)
    {
        if (number < field.Min)
        {
            throw ApiError.Invalid("MinLimitExceeded", name, string.Create(CultureInfo.InvariantCulture, $"'{name}' is {number}; it must be at least {field.Min}."));
        }

        if (number > field.Max)
        {
            throw ApiError.Invalid("MaxLimitExceeded", name, string.Create(CultureInfo.InvariantCulture, $"'{name}' is {number}; it must be at most {field.Max}."));
        }
    }

    private static JsonNode Text(Field field, string name, JsonNode value)
    {
        var text = Scalar(name, value);
        if (text.Length < field.MinLength)
        {
            throw ApiError.Invalid("MinLengthExceeded", name, $"'{name}' must have at least {field.MinLength} characters.");
        }

        if (text.Length > field.MaxLength)
        {
            throw ApiError.Invalid("MaxLengthExceeded", name, $"'{name}' has {text.Length} characters; it may have at most {field.MaxLength}.");
        }

        if (text.Contains('\0', StringComparison.Ordinal) || (field.ValidChars is { } valid && text.Any(c => !CharSet.Contains(valid, c))))
        {
            throw ApiError.Invalid("InvalidCharacters", name, field.ValidChars is null ? $"'{name}' holds a NUL character." : $"'{name}' may only have the characters {field.ValidChars}.");
        }

        if (field.Options is { } options && !options.Contains(text, StringComparer.Ordinal))
        {
            throw ApiError.Invalid("InvalidOption", name, $"'{name}' must be one of {string.Join(", ", options)}; '{Short(text)}' is none of them.");
        }

        return text;
    }

    private static JsonNode Whole(Field field, string name, JsonNode value)
    {
        var number = Number(name, value, "a whole number");
        if (number != Math.Floor(number) || Math.Abs(number) > long.MaxValue / 2)
        {
            throw Format(name, "a whole number");
        }

        Limits(field, name, number);
        return (long)number;
    }

    private static JsonNode Real(Field field, string name, JsonNode value)
    {
        var number = Number(name, value, "a number");
        Limits(field, name, number);
        return number;
    }

    private static double Number(string name, JsonNode value, string what) =>
        double.TryParse(Scalar(name, value), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw Format(name, what);

    private static JsonNode Flag(string name, JsonNode value) => Scalar(name, value).ToUpperInvariant() switch
    {
        "TRUE" or "1" => true,
        "FALSE" or "0" or "" => false,
        _ => throw Format(name, "true or false"),
    };

    private static JsonObject ReadMap(Field field, string name, JsonNode value)
    {
        var map = value as JsonObject ?? throw Format(name, "an object");
        if (map.Count > MaxMapEntries)
        {
            throw ApiError.Invalid("MaxLimitExceeded", name, $"'{name}' has {map.Count} entries; it may have at most {MaxMapEntries}.");
        }

        var texts = field.Type == "map[string]";
        var result = new JsonObject();
        foreach (var (key, item) in map)
        {
            if (!texts)
            {
                result[key] = item?.DeepClone();
                continue;
            }

            var text = item is null ? "" : Scalar($"{name}.{Short(key)}", item);
            if (key.Length > 255 || text.Length > MaxMapText)
            {
                throw ApiError.Invalid("MaxLengthExceeded", name, $"A key of '{name}' may have 255 characters, a value {MaxMapText}.");
            }

            result[key] = text;
        }

        return result;
    }

    private static JsonArray ReadArray(Field field, string name, JsonNode value)
    {
        var array = value as JsonArray ?? throw Format(name, "a list");
        if (array.Count > MaxMapEntries)
        {
            throw ApiError.Invalid("MaxLimitExceeded", name, $"'{name}' has {array.Count} entries; it may have at most {MaxMapEntries}.");
        }

        return field.Type == "array[string]"
            ? new JsonArray([.. array.Select(item => (JsonNode)Scalar(name, item))])
            : (JsonArray)array.DeepClone();
    }

    private static ApiError Format(string name, string what) => ApiError.Invalid("InvalidFormat", name, $"'{name}' must be {what}.");

    private static string Short(string text) => text.Length <= 64 ? text : text[..64] + "…";
}

/// <summary>Character sets in Cattle's notation: single characters and ranges such as <c>a-zA-Z0-9-</c>.</summary>
internal static class CharSet
{
    public static bool Contains(string set, char c)
    {
        for (var i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                if (c >= set[i] && c <= set[i + 2])
                {
                    return true;
                }

                i += 2;
            }
            else if (set[i] == c)
            {
                return true;
            }
        }

        return false;
    }
}
