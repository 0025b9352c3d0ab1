using System.Text.Json.Nodes;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Api.Schemas;

/// <summary>Writes one type's schema for one role.</summary>
internal static class SchemaWriter
{
    public static JsonObject Write(ResourceType type, ApiContext context)
    {
        var role = context.Caller.Role;
        var verbs = type.VerbsOf(role);
        var stored = type is not EmbeddedType;
        var links = new JsonObject { ["self"] = $"{context.Root}/schemas/{type.Name.ToLowerInvariant()}" };
        if (stored && type.IsListed && verbs.HasFlag(Verbs.Read))
        {
            links["collection"] = $"{context.Root}/{type.PathName}";
        }

        return new JsonObject
        {
            ["id"] = type.Name,
            ["type"] = "schema",
            ["links"] = links,
            ["actions"] = new JsonObject(),
            ["pluralName"] = type.Plural,
            ["resourceMethods"] = Methods(stored, (verbs.HasFlag(Verbs.Read) && type.IsListed, "GET"), (verbs.HasFlag(Verbs.Update), "PUT"), (verbs.HasFlag(Verbs.Delete), "DELETE")),
            ["collectionMethods"] = Methods(stored, (verbs.HasFlag(Verbs.Read) && type.IsListed, "GET"), (verbs.HasFlag(Verbs.Create), "POST")),
            ["resourceFields"] = Fields(type, role, verbs),
            ["resourceActions"] = Actions(type, role),
            ["collectionActions"] = new JsonObject(),
            ["collectionFields"] = new JsonObject(),
            ["collectionFilters"] = Filters(type, role),
            ["includeableLinks"] = new JsonArray([.. type.Links.Where(l => l.Custom is null && l.Readers.HasFlag(role)).Select(l => (JsonNode)l.Name)]),
        };
    }

    private static JsonArray Methods(bool stored, params (bool Allowed, string Method)[] methods) =>
        stored ? new JsonArray([.. methods.Where(m => m.Allowed).Select(m => (JsonNode)m.Method)]) : [];

    private static JsonObject Fields(ResourceType type, Roles role, Verbs verbs)
    {
        var fields = new JsonObject();
        foreach (var field in type.Fields)
        {
            var embedded = type is EmbeddedType;
            var writes = field.Writers.HasFlag(role);
            var create = field.Create && writes && (embedded || verbs.HasFlag(Verbs.Create));
            var update = field.Update && writes && (embedded || verbs.HasFlag(Verbs.Update));
            if (!field.Readers.HasFlag(role) && !create && !update)
            {
                continue;
            }

            fields[field.Name] = new JsonObject
            {
                ["type"] = field.Type,
                ["create"] = create,
                ["update"] = update,
                ["required"] = field.IsRequired,
                ["nullable"] = field.Nullable,
                ["unique"] = field.IsUnique,
                ["default"] = field.DefaultValue?.DeepClone(),
                ["minLength"] = field.MinLength,
                ["maxLength"] = field.MaxLength,
                ["min"] = Whole(field.Min),
                ["max"] = Whole(field.Max),
                ["options"] = field.Options is null ? null : new JsonArray([.. field.Options.Select(o => (JsonNode)o)]),
                ["validChars"] = field.ValidChars,
                ["invalidChars"] = null,
                ["description"] = field.Description,
            };
        }

        return fields;
    }

    /// <summary>Go clients decode limits into integers: a broken limit would cost them the whole schema.</summary>
    private static JsonNode? Whole(double? limit) => limit is { } value && value == Math.Floor(value) ? (long)value : null;

    private static JsonObject Actions(ResourceType type, Roles role)
    {
        var actions = new JsonObject();
        foreach (var action in type.Actions.Where(a => a.Roles.HasFlag(role)))
        {
            actions[action.Name] = new JsonObject { ["input"] = action.Input, ["output"] = action.Output };
        }

        return actions;
    }

    private static JsonObject Filters(ResourceType type, Roles role)
    {
        var filters = new JsonObject();
        foreach (var field in type.Fields.Where(f => f.FilterProperty is not null && f.Readers.HasFlag(role)))
        {
            filters[field.Name] = new JsonObject { ["modifiers"] = new JsonArray([.. CollectionQuery.Modifiers.Select(m => (JsonNode)m)]) };
        }

        return filters;
    }
}
