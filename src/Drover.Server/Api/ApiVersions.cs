using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Api;

/// <summary>The roots: <c>/</c> lists the versions, <c>/v1</c> and <c>/v2-beta</c> link to every collection that the caller may list.</summary>
internal static class ApiVersions
{
    public static JsonObject One(ApiContext context, string version, ResourceRegistry registry)
    {
        var links = new JsonObject { ["self"] = context.Root };
        foreach (var type in registry.Types.Where(t => t is not EmbeddedType && t.VerbsOf(context.Caller.Role).HasFlag(Verbs.Read) && t.IsListed))
        {
            links[type.Plural] = $"{context.Root}/{type.PathName}";
        }

        return new JsonObject { ["id"] = version, ["type"] = "apiVersion", ["links"] = links, ["actions"] = new JsonObject() };
    }

    public static JsonObject All(ApiContext context) => new()
    {
        ["type"] = "collection",
        ["resourceType"] = "apiVersion",
        ["links"] = new JsonObject { ["self"] = $"{context.Origin}/", ["latest"] = $"{context.Origin}/v2-beta" },
        ["actions"] = new JsonObject(),
        ["data"] = new JsonArray([.. new[] { "v1", "v2-beta" }.Select(v => (JsonNode)new JsonObject
        {
            ["id"] = v,
            ["type"] = "apiVersion",
            ["links"] = new JsonObject { ["self"] = $"{context.Origin}/{v}" },
            ["actions"] = new JsonObject(),
        })]),
    };
}
