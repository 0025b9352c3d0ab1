using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Server.Api.Requests;

namespace Drover.Server.Machines;

/// <summary>Disks beside a machine's own, as asked: <c>NAME:SIZE</c>.</summary>
internal static class ExtraDisks
{
    private const int Most = 8;

    /// <summary>A virtio disk's serial has 20 characters.</summary>
    private const int MostLetters = 20;

    public static JsonArray Normalize(JsonNode? node, string field)
    {
        if (node is null)
        {
            return [];
        }

        if (node is not JsonArray array || array.Any(item => item?.GetValueKind() != JsonValueKind.String))
        {
            throw ApiError.Invalid("InvalidFormat", field, "disks must be a list of texts such as data:20GiB.");
        }

        var disks = array.Select(item => Read(item!.GetValue<string>(), field)).ToList();
        return disks.Count > Most ? throw ApiError.Invalid("MaxLimitExceeded", field, $"A machine may have at most {Most} disks beside its own.")
            : disks.GroupBy(d => d.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice ? throw ApiError.Invalid("NotUnique", field, $"There are two disks named '{twice.Key}'.")
            : new JsonArray([.. disks.Select(d => (JsonNode)$"{d.Name}:{d.Size}")]);
    }

    private static (string Name, ByteSize Size) Read(string text, string field)
    {
        var parts = text.Split(':', 2);
        return parts is [var name, var size] && name.Length is > 0 and <= MostLetters && name[0] != '-' && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? (name, MesosConfig.DiskSize(size, ByteSize.FromMebibytes(1)))
            : throw ApiError.Invalid("InvalidFormat", field, $"'{(text.Length > 64 ? text[..64] + "…" : text)}' is no disk; write NAME:SIZE such as data:20GiB, with a name of at most {MostLetters} letters, digits and hyphens.");
    }
}
