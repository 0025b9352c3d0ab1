using System.Text.Json.Nodes;
using Drover.Server.Storage;

namespace Drover.Server.Api.Registry;

/// <summary>The fields that every stored type has (cattle-api §1.4).</summary>
internal static class CommonFields
{
    public static void AddTo(ResourceType type)
    {
        type.Add(new Field { Name = "id", Type = "string" }).Filter(nameof(ResourceRow.Id));
        type.Add(new Field { Name = "name", Type = "string", Get = (r, _) => ((ResourceRow)r).Name, Set = (r, v) => r.Name = v?.GetValue<string>() })
            .Creatable().Updatable().Length(0, 255).Filter(nameof(ResourceRow.Name));
        type.Add(new Field { Name = "state", Type = "enum", Get = (r, _) => ((ResourceRow)r).State }).Filter(nameof(ResourceRow.State));
        type.Add(new Field
        {
            Name = "accountId",
            Type = "reference[account]",
            Get = (r, c) => ((ResourceRow)r).AccountId is { } id ? c.PlainIds ? id : Ids.Format("a", id) : null,
            Set = (r, v) => r.AccountId = v?.GetValue<long>(),
        }).Creatable().WrittenBy(Roles.Admin | Roles.Service).Filter(nameof(ResourceRow.AccountId));
        type.Add(new Field { Name = "kind", Type = "string", Get = (r, _) => ((ResourceRow)r).Kind }).Filter(nameof(ResourceRow.Kind));
        type.Add(new Field { Name = "uuid", Type = "string", Get = (r, _) => ((ResourceRow)r).Uuid, Set = (r, v) => r.Uuid = v?.GetValue<string>() ?? r.Uuid })
            .Creatable().Length(1, 128).WrittenBy(Roles.Admin | Roles.Service).Filter(nameof(ResourceRow.Uuid));
        type.Add(new Field { Name = "description", Type = "string", Get = (r, _) => ((ResourceRow)r).Description, Set = (r, v) => r.Description = v?.GetValue<string>() })
            .Creatable().Updatable().Length(0, 1024).Filter(nameof(ResourceRow.Description));
        Date(type, "created", r => r.Created).Filter(nameof(ResourceRow.Created));
        Date(type, "removed", r => r.Removed).Filter(nameof(ResourceRow.Removed));
        Date(type, "removeTime", r => r.RemoveTime).Filter(nameof(ResourceRow.RemoveTime));
        type.Add(new Field { Name = "transitioning", Type = "enum" }).OneOf("yes", "no", "error");
        type.Add(new Field { Name = "transitioningMessage", Type = "string" });
        type.Add(new Field { Name = "transitioningProgress", Type = "int" });
        type.Add(new Field { Name = "data", Type = "map[json]", Get = (r, _) => Data((ResourceRow)r) }).ReadBy(Roles.Admin | Roles.Service);
    }

    private static Field Date(ResourceType type, string name, Func<ResourceRow, DateTimeOffset?> get) => DateField.Add<ResourceRow>(type, name, get);

    private static JsonObject Data(ResourceRow row)
    {
        var data = (JsonObject)row.Data.DeepClone();
        var fields = (JsonObject)row.Fields.DeepClone();
        if (data["fields"] is JsonObject own)
        {
            foreach (var (key, value) in own)
            {
                fields.TryAdd(key, value?.DeepClone());
            }
        }

        data["fields"] = fields;
        return data;
    }
}
