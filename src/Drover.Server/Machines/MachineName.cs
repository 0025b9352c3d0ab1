using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;

namespace Drover.Server.Machines;

/// <summary>A machine's name becomes its guest's host name, so it must be one (RFC 1123 label).</summary>
internal static class MachineName
{
    public const int MaxLength = 63;

    public static JsonNode Check(JsonNode value)
    {
        var name = value.GetValue<string>();
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-'
            ? value
            : throw ApiError.Invalid("InvalidCharacters", "name", "A machine's name must be a host name: letters, digits and hyphens, and no hyphen at an end.");
    }

    /// <summary>Host names do not differ by case.</summary>
    public static string Key(string name) => name.ToLowerInvariant();
}
