using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Server.Api.Requests;

namespace Drover.Server.Images;

/// <summary>Checks what a person gives for a new image; each names the field and says what would be right.</summary>
internal static class ImageInput
{
    public static JsonNode Name(JsonNode value) => ImageFolder.IsName((string)value!)
        ? value
        : throw ApiError.Invalid("InvalidCharacters", "name", $"An image's name has 1 to {ImageFolder.LongestName} letters, digits, dots, dashes and underscores, and does not begin with a dot.");

    public static JsonNode Url(JsonNode value) => (string)value! is { Length: 0 } || (Uri.TryCreate((string)value!, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        ? value
        : throw ApiError.Invalid("InvalidFormat", "url", "url must be an http or https address such as https://example.org/disk.qcow2.");

    public static JsonNode Sha256(JsonNode value) => ((string)value!).ToLowerInvariant() is { Length: 64 } digest && digest.All(char.IsAsciiHexDigitLower)
        ? JsonValue.Create(digest)
        : throw ApiError.Invalid("InvalidFormat", "sha256", "sha256 must be 64 hexadecimal digits.");
}
