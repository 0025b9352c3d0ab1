using System.Text.Json.Nodes;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Api.Schemas;

/// <summary>The type <c>schema</c>: describes every type as far as the caller's role sees it (cattle-api §1.6).</summary>
internal sealed class SchemaType : ResourceType
{
    private readonly Lazy<ResourceRegistry> _registry;

    public SchemaType(Func<ResourceRegistry> registry)
    {
        _registry = new Lazy<ResourceRegistry>(registry);
        Access.Allow(Roles.Known | Roles.Anonymous, Verbs.Read);
        Plain("id", "string");
        Plain("pluralName", "string");
        foreach (var map in new[] { "resourceFields", "resourceActions", "collectionFields", "collectionActions", "collectionFilters" })
        {
            Plain(map, "map[json]");
        }

        foreach (var list in new[] { "resourceMethods", "collectionMethods", "includeableLinks" })
        {
            Plain(list, "array[string]");
        }
    }

    public override Task<ApiResult> ListAsync(ApiContext context)
    {
        var data = Visible(context).Select(type => (JsonNode)SchemaWriter.Write(type, context)).ToArray();
        var query = CollectionQuery.Parse(context.Http.Request.Query, this) with { Limit = CollectionQuery.MaxLimit };
        return Task.FromResult(ApiResult.Ok(CollectionReader.Frame(this, context, data, query, null)));
    }

    public override Task<ApiResult> GetAsync(ApiContext context, string id) =>
        _registry.Value.Find(id) is { } type && IsVisible(type, context.Caller.Role)
            ? Task.FromResult(ApiResult.Ok(SchemaWriter.Write(type, context)))
            : throw ApiError.NotFound($"schema '{id}'");

    /// <summary>The CLI asks for <c>/schemas/schemas</c> below an environment (cattle-api §6.1).</summary>
    private IEnumerable<ResourceType> Visible(ApiContext context) => _registry.Value.Types.Where(t => IsVisible(t, context.Caller.Role));

    private static bool IsVisible(ResourceType type, Roles role) =>
        type.HasSchema && (type is EmbeddedType ? role != Roles.Anonymous && (role is not (Roles.Register or Roles.Agent)) : type.VerbsOf(role) != Verbs.None);
}
