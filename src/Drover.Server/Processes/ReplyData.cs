using System.Text.Json.Nodes;
using Drover.Server.Storage;

namespace Drover.Server.Processes;

/// <summary>Merges what a handler sends into the resource. A key that begins with <c>+</c> merges into the map of that name, a plain one
/// replaces; <c>data.fields</c> are the resource's fields (cattle-api §2.4).</summary>
internal static class ReplyData
{
    /// <summary>Columns that belong to the server: no handler moves a resource, renames or gives it away.</summary>
    private static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "id", "type", "kind", "uuid", "state", "accountId", "name", "created", "removed", "removeTime", "externalId", "driver", "links", "actions",
    };

    public static void Merge(ResourceRow row, JsonObject reply)
    {
        var fields = (JsonObject)row.Fields.DeepClone();
        var data = (JsonObject)row.Data.DeepClone();
        foreach (var (key, value) in reply)
        {
            if (Plain(key) == "data" && value is JsonObject inner)
            {
                MergeData(fields, data, inner);
            }
            else if (Plain(key) == "fields" && value is JsonObject map)
            {
                MergeFields(fields, map);
            }
            else
            {
                MergeField(fields, key, value);
            }
        }

        row.Fields = fields;
        row.Data = data;
    }

    private static void MergeData(JsonObject fields, JsonObject data, JsonObject reply)
    {
        foreach (var (key, value) in reply)
        {
            if (Plain(key) == "fields" && value is JsonObject map)
            {
                MergeFields(fields, map);
            }
            else
            {
                MergeInto(data, key, value);
            }
        }
    }

    private static void MergeFields(JsonObject fields, JsonObject reply)
    {
        foreach (var (key, value) in reply)
        {
            MergeField(fields, key, value);
        }
    }

    private static void MergeField(JsonObject fields, string key, JsonNode? value)
    {
        if (!Kept.Contains(Plain(key)))
        {
            MergeInto(fields, key, value);
        }
    }

    private static void MergeInto(JsonObject target, string key, JsonNode? value)
    {
        if (key.StartsWith('+') && value is JsonObject map && target[key[1..]] is JsonObject present)
        {
            foreach (var (inner, item) in map)
            {
                MergeInto(present, inner, item);
            }

            return;
        }

        target[Plain(key)] = Strip(value);
    }

    /// <summary>A copy without the merge signs of maps that had nothing to merge into.</summary>
    private static JsonNode? Strip(JsonNode? value)
    {
        if (value is not JsonObject map)
        {
            return value?.DeepClone();
        }

        var plain = new JsonObject();
        foreach (var (key, item) in map)
        {
            plain[Plain(key)] = Strip(item);
        }

        return plain;
    }

    private static string Plain(string key) => key.StartsWith('+') ? key[1..] : key;
}
