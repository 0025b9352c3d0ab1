using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Drover.Server.Api.Queries;

/// <summary>One condition: a field, a modifier, a value (cattle-api §1.5).</summary>
internal sealed record Condition(Field Field, string Modifier, string Value);

/// <summary>What a list request asks for. Unknown filters are ignored, as Cattle does.</summary>
internal sealed record CollectionQuery
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 3000;

    public static IReadOnlyList<string> Modifiers { get; } = ["eq", "ne", "lt", "lte", "gt", "gte", "prefix", "like", "notlike", "null", "notnull"];

    public required IReadOnlyList<Condition> Conditions { get; init; }

    public required int Limit { get; init; }

    /// <summary>Null: by id.</summary>
    public Field? Sort { get; init; }

    public bool Descending { get; init; }

    /// <summary>Rows to skip, for sorted lists.</summary>
    public int Offset { get; init; }

    /// <summary>The last id of the page before, for lists by id: rows that come and go do not shift it.</summary>
    public long? AfterId { get; init; }

    public static CollectionQuery Parse(IQueryCollection query, ResourceType type)
    {
        var conditions = new List<Condition>();
        foreach (var (key, values) in query)
        {
            conditions.AddRange(ConditionsOf(type, key, values));
        }

        var sort = query["sort"].FirstOrDefault() is { Length: > 0 } name && type.FindField(name) is { FilterProperty: not null } field && field.Name != "id" ? field : null;
        var marker = query["marker"].FirstOrDefault() ?? "";
        return new CollectionQuery
        {
            Conditions = conditions,
            Limit = LimitOf(query["limit"].FirstOrDefault()),
            Sort = sort,
            Descending = string.Equals(query["order"].FirstOrDefault(), "desc", StringComparison.OrdinalIgnoreCase),
            Offset = marker.StartsWith('m') && int.TryParse(marker.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : 0,
            AfterId = marker.StartsWith('i') && long.TryParse(marker.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null,
        };
    }

    /// <summary>The conditions as the answer repeats them: every filterable field, null where nothing was asked.</summary>
    public JsonObject Describe(ResourceType type)
    {
        var filters = new JsonObject();
        foreach (var field in type.Fields.Where(f => f.FilterProperty is not null))
        {
            var asked = Conditions.Where(c => c.Field == field)
                .Select(c => (JsonNode)new JsonObject { ["modifier"] = c.Modifier, ["value"] = c.Modifier is "null" or "notnull" ? null : c.Value })
                .ToArray();
            filters[field.Name] = asked.Length == 0 ? null : new JsonArray(asked);
        }

        return filters;
    }

    private static IEnumerable<Condition> ConditionsOf(ResourceType type, string key, StringValues values)
    {
        var (name, modifier) = (key, "eq");
        var cut = key.LastIndexOf('_');
        if (cut > 0 && Modifiers.Contains(key[(cut + 1)..], StringComparer.Ordinal))
        {
            (name, modifier) = (key[..cut], key[(cut + 1)..]);
        }

        if (type.FindField(name) is not { FilterProperty: not null } field)
        {
            return [];
        }

        return values.Count == 0 ? [new Condition(field, modifier, "")] : values.Select(v => new Condition(field, modifier, v ?? ""));
    }

    private static int LimitOf(string? text) =>
        !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit) ? DefaultLimit
        : limit <= 0 ? MaxLimit
        : Math.Min(limit, MaxLimit);
}
