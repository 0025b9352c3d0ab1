using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Queries;

/// <summary>Reads one page and writes it in Cattle's collection form (cattle-api §1.5).</summary>
internal static class CollectionReader
{
    /// <summary>Removed rows stay in lists for this long (<c>api.show.removed.for.seconds</c>).</summary>
    public static readonly TimeSpan ShowRemoved = TimeSpan.FromMinutes(5);

    /// <summary>One page of rows, of the database or of what is only in memory, and the marker of the next.</summary>
    public static async Task<(List<TRow> Page, string? Next)> ReadAsync<TRow>(IQueryable<TRow> rows, CollectionQuery query, CancellationToken cancellationToken)
        where TRow : class, IRow
    {
        rows = query.Conditions.Aggregate(rows, ConditionExpression.Apply);
        var ordered = Ordered(rows, query).Take(query.Limit + 1);
        var page = ordered is EnumerableQuery<TRow> ? ordered.ToList() : await ordered.ToListAsync(cancellationToken);
        if (page.Count <= query.Limit)
        {
            return (page, null);
        }

        page.RemoveAt(page.Count - 1);
        return (page, query.Sort is null ? $"i{page[^1].Id}" : $"m{query.Offset + query.Limit}");
    }

    /// <summary>The collection around any items.</summary>
    public static JsonObject Frame(ResourceType type, ApiContext context, JsonNode[] data, CollectionQuery query, string? nextMarker)
    {
        var self = SelfUrl(context);
        var createTypes = new JsonObject();
        if (type.VerbsOf(context.Caller.Role).HasFlag(Verbs.Create))
        {
            createTypes[type.Name] = $"{context.Root}/{type.PathName}";
        }

        var sortLinks = new JsonObject();
        foreach (var field in type.Fields.Where(f => f.FilterProperty is not null))
        {
            sortLinks[field.Name] = WithQuery(context, ("sort", field.Name), ("order", null), ("marker", null));
        }

        var first = query.AfterId is not null || query.Offset > 0 ? WithQuery(context, ("marker", null)) : null;
        var previous = query.Offset > 0 ? WithQuery(context, ("marker", $"m{Math.Max(0, query.Offset - query.Limit)}")) : null;
        return new JsonObject
        {
            ["type"] = "collection",
            ["resourceType"] = type.Name,
            ["links"] = new JsonObject { ["self"] = self },
            ["createTypes"] = createTypes,
            ["actions"] = new JsonObject(),
            ["data"] = new JsonArray(data),
            ["sortLinks"] = sortLinks,
            ["sort"] = query.Sort is null ? null : new JsonObject
            {
                ["name"] = query.Sort.Name,
                ["order"] = query.Descending ? "desc" : "asc",
                ["reverse"] = WithQuery(context, ("order", query.Descending ? "asc" : "desc"), ("marker", null)),
            },
            ["filters"] = query.Describe(type),
            ["pagination"] = new JsonObject
            {
                ["first"] = first,
                ["previous"] = previous,
                ["next"] = nextMarker is null ? null : WithQuery(context, ("limit", query.Limit.ToString(CultureInfo.InvariantCulture)), ("marker", nextMarker)),
                ["limit"] = query.Limit,
                ["total"] = null,
                ["partial"] = nextMarker is not null,
            },
            ["createDefaults"] = new JsonObject(),
        };
    }

    private static IQueryable<TRow> Ordered<TRow>(IQueryable<TRow> rows, CollectionQuery query)
        where TRow : class, IRow
    {
        if (query.Sort is { } sort)
        {
            return ConditionExpression.Order(rows, sort.FilterProperty!, query.Descending).Skip(query.Offset);
        }

        if (query.AfterId is { } id)
        {
            rows = query.Descending ? rows.Where(x => x.Id < id) : rows.Where(x => x.Id > id);
        }

        return ConditionExpression.Order(rows, nameof(IRow.Id), query.Descending);
    }

    private static string SelfUrl(ApiContext context) => $"{context.Root}/{string.Join('/', context.Path.Segments)}";

    private static string WithQuery(ApiContext context, params (string Key, string? Value)[] changes)
    {
        var query = QueryString.Empty;
        foreach (var (key, values) in context.Http.Request.Query.Where(q => !changes.Any(c => c.Key == q.Key) && q.Key != "token"))
        {
            query = values.Aggregate(query, (all, value) => all.Add(key, value ?? ""));
        }

        foreach (var (key, value) in changes.Where(c => c.Value is not null))
        {
            query = query.Add(key, value!);
        }

        return SelfUrl(context) + query.ToUriComponent();
    }
}
