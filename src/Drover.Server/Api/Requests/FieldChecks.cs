using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Storage;

namespace Drover.Server.Api.Requests;

/// <summary>Turns a body into checked values of the fields that this caller may set. Everything else is dropped without a word, as Cattle does.</summary>
internal static class FieldChecks
{
    public static async Task<List<(Field Field, JsonNode? Value)>> ForCreateAsync(ResourceType type, ApiContext context, JsonObject body)
    {
        var values = new List<(Field, JsonNode?)>();
        foreach (var field in type.Fields.Where(f => f.Create && f.Writers.HasFlag(context.Caller.Role)))
        {
            var given = body.TryGetPropertyValue(field.Name, out var value);
            if ((!given || value is null) && field.DefaultValue is { } standard)
            {
                values.Add((field, standard.DeepClone()));
                continue;
            }

            if (!given || (value is null && !field.IsRequired))
            {
                if (field.IsRequired)
                {
                    throw ApiError.Invalid("MissingRequired", field.Name, $"A {type.Name} needs the field '{field.Name}'.");
                }

                continue;
            }

            values.Add((field, await CheckAsync(field, context, value)));
        }

        return values;
    }

    public static async Task<List<(Field Field, JsonNode? Value)>> ForUpdateAsync(ResourceType type, ApiContext context, ResourceRow row, JsonObject body)
    {
        var values = new List<(Field, JsonNode?)>();
        foreach (var field in type.Fields.Where(f => f.Update && f.Writers.HasFlag(context.Caller.Role)))
        {
            // Clients send back whole resources; what is as it was is no change, even if it would not pass the check.
            if (body.TryGetPropertyValue(field.Name, out var value) && !JsonNode.DeepEquals(value, field.Get?.Invoke(row, context.Output)))
            {
                values.Add((field, await CheckAsync(field, context, value)));
            }
        }

        return values;
    }

    /// <summary>Checks a body against an action's input type.</summary>
    public static async Task<JsonObject> ForInputAsync(ResourceType input, ApiContext context, JsonObject body)
    {
        var result = new JsonObject();
        foreach (var (field, value) in await ForCreateAsync(input, context, body))
        {
            result[field.Name] = value;
        }

        return result;
    }

    private static async Task<JsonNode?> CheckAsync(Field field, ApiContext context, JsonNode? value)
    {
        if (value is null)
        {
            return field.Nullable ? null : throw ApiError.Invalid(field.IsRequired ? "MissingRequired" : "NotNullable", field.Name, $"'{field.Name}' must not be null.");
        }

        var normal = FieldFormat.Read(field, field.Name, value);
        if (field.Check is not null)
        {
            normal = field.Check(normal);
        }

        return FieldFormat.ReferenceTarget(field.Type) is { } target ? await References.ResolveAsync(context, field.Name, target, normal) : normal;
    }
}
