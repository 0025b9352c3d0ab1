using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Server.Api.Requests;

namespace Drover.Server.Machines;

/// <summary>How many bytes per second a machine's network may carry, as asked.</summary>
internal static class NetworkLimit
{
    /// <summary>Less than this and a single connection stands still.</summary>
    private static readonly ByteSize s_least = new(16 * 1024);

    /// <param name="network">The machine's; null where nobody knows.</param>
    public static long Read(JsonNode value, string field, string? network)
    {
        var text = FieldFormat.Scalar(field, value);
        return !ByteSize.TryParse(text, out var bytes) || bytes.Bytes < s_least.Bytes ? throw ApiError.Invalid("InvalidFormat", field, $"'{(text.Length > 64 ? text[..64] + "…" : text)}' is no number of bytes per second from {s_least} on; write 10MiB.")
            : network == "user" ? throw ApiError.Invalid("InvalidOption", field, "The network user cannot be limited: there QEMU makes the guest's connections itself, and has no limit for them. Use nat or bridge:NAME.")
            : bytes.Bytes;
    }
}
