using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Api.Output;

/// <summary>Writes a row as the API shows it (cattle-api §1.4): fields by role, links, and the actions that are possible now.</summary>
internal static class ResourceWriter
{
    public static JsonObject Write(ResourceType type, Lifecycle lifecycle, ResourceRow row, OutputContext context)
    {
        var id = context.PlainIds ? row.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) : Ids.Format(type.IdLetters, row.Id);
        var self = $"{context.Root}/{type.PathName}/{id}";
        var json = new JsonObject
        {
            ["id"] = id,
            ["type"] = type.Name,
            ["baseType"] = type.BaseName,
            ["links"] = Links(type, row, self, context),
            ["actions"] = Actions(type, row, self, context),
        };
        WriteFields(json, type, row, context);
        Transition(json, lifecycle, row);
        return json;
    }

    /// <summary>The fields that the caller's role may see.</summary>
    public static void WriteFields(JsonObject json, ResourceType type, object row, OutputContext context)
    {
        foreach (var field in type.Fields)
        {
            if (field.Get is null || !field.Readers.HasFlag(context.Role) || (field.OnCreateOnly && !context.JustCreated))
            {
                continue;
            }

            json[field.Name] = field.Get(row, context);
            if (field.Millis is not null)
            {
                json[field.Name + "TS"] = field.Millis(row);
            }
        }
    }

    private static void Transition(JsonObject json, Lifecycle lifecycle, ResourceRow row)
    {
        var moving = lifecycle.IsTransitioning(row.State);
        json["transitioning"] = row.TransitioningError ? "error" : moving ? "yes" : "no";
        json["transitioningMessage"] = row.TransitioningMessage ?? (moving ? "In Progress" : null);
        json["transitioningProgress"] = moving ? row.TransitioningProgress : null;
    }

    private static JsonObject Links(ResourceType type, ResourceRow row, string self, OutputContext context)
    {
        var links = new JsonObject { ["self"] = self };
        foreach (var link in type.Links)
        {
            if (!link.Readers.HasFlag(context.Role) || (link.Id is not null && link.Id(row) is null))
            {
                continue;
            }

            if (link.Url is null)
            {
                links[link.Name] = $"{self}/{link.PathName}";
            }
            else if (link.Url(row, context) is { } url)
            {
                links[link.Name] = url;
            }
        }

        return links;
    }

    private static JsonObject Actions(ResourceType type, ResourceRow row, string self, OutputContext context)
    {
        var actions = new JsonObject();
        foreach (var action in type.Actions)
        {
            if (action.Roles.HasFlag(context.Role) && action.Available(row) && action.Offered?.Invoke(row, context) != false)
            {
                actions[action.Name] = $"{self}/?action={action.Name}";
            }
        }

        return actions;
    }
}
