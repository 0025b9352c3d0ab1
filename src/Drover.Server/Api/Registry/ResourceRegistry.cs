using Drover.Server.Storage;

namespace Drover.Server.Api.Registry;

/// <summary>All types of the API: the one place that routes, schemas, checks and rules come from.</summary>
internal sealed class ResourceRegistry
{
    private readonly Dictionary<string, ResourceType> _byName = new(StringComparer.OrdinalIgnoreCase);

    public ResourceRegistry(IEnumerable<ResourceType> types)
    {
        Types = [.. types];
        foreach (var type in Types)
        {
            foreach (var name in type.Aliases.Append(type.Name).Append(type.Plural))
            {
                _byName[name] = type;
            }
        }
    }

    public IReadOnlyList<ResourceType> Types { get; }

    /// <summary>By name or plural, in any case.</summary>
    public ResourceType? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The type that a row is shown as.</summary>
    public ResourceType? TypeOf(ResourceRow row) => Types.FirstOrDefault(t => t.Describes(row));

    /// <summary>The type whose rows live in <paramref name="table"/>, to find one by its number.</summary>
    public ResourceType? TableOf(Type table) => Types.FirstOrDefault(t => t.RowType == table);
}
