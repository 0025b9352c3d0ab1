using System.Globalization;

namespace Drover.LocalMesos;

/// <summary>Agent attributes as operators write them.</summary>
public static class AgentAttributes
{
    /// <summary>Reads <c>rack:a;slots:4;ports:[1-5]</c>: a number becomes a scalar, brackets become ranges, anything else text.</summary>
    /// <exception cref="FormatException">An entry has no name or no value.</exception>
    public static IReadOnlyList<V1Attribute> Parse(string text) =>
        [.. text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ParseOne)];

    private static V1Attribute ParseOne(string entry)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == entry.Length - 1)
        {
            throw new FormatException($"'{entry}' is not an attribute such as rack:a.");
        }

        var (name, value) = (entry[..colon].Trim(), entry[(colon + 1)..].Trim());
        if (value.StartsWith('[') && value.EndsWith(']'))
        {
            var ranges = new Value.Types.Ranges();
            ranges.Range.AddRange(value[1..^1].Split(',', StringSplitOptions.TrimEntries).Select(r => ParseRange(r, entry)));
            return new V1Attribute { Name = name, Type = Value.Types.Type.Ranges, Ranges = ranges };
        }

        return double.TryParse(value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? new V1Attribute { Name = name, Type = Value.Types.Type.Scalar, Scalar = new Value.Types.Scalar { Value = number } }
            : new V1Attribute { Name = name, Type = Value.Types.Type.Text, Text = new Value.Types.Text { Value = value } };
    }

    private static Value.Types.Range ParseRange(string text, string entry)
    {
        var ends = text.Split('-');
        return ends.Length == 2
            && ulong.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var begin)
            && ulong.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out var end) && begin <= end
                ? new Value.Types.Range { Begin = begin, End = end }
                : throw new FormatException($"'{entry}' has a malformed range; write [1-5,7-9].");
    }
}
