namespace Drover.Server.Processes;

/// <summary>All processes that the engine runs, by name.</summary>
internal sealed class ProcessCatalog(IEnumerable<ProcessDefinition> definitions)
{
    private readonly Dictionary<string, ProcessDefinition> _byName = definitions.ToDictionary(d => d.Name, StringComparer.OrdinalIgnoreCase);

    public IEnumerable<string> Names => _byName.Keys;

    public ProcessDefinition? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);

    public ProcessDefinition this[string name] => _byName[name];
}
