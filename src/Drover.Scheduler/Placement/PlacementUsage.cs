namespace Drover.Scheduler.Placement;

/// <summary>Where machines are already: how many on each agent, and per environment how many on each value of an attribute.</summary>
internal sealed class PlacementUsage
{
    private readonly Dictionary<string, int> _perAgent = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Environment, string Attribute), Dictionary<string, int>> _perValue = [];

    public PlacementUsage(IEnumerable<PlacedMachine> machines)
    {
        foreach (var machine in machines)
        {
            Add(machine);
        }
    }

    public int OnAgent(string agentId) => _perAgent.GetValueOrDefault(agentId);

    public int OnValue(string environmentId, string attribute, string value) =>
        _perValue.TryGetValue((environmentId, attribute), out var values) ? values.GetValueOrDefault(value) : 0;

    /// <summary>Number of values of the attribute that hold a machine of the environment.</summary>
    public int UsedValues(string environmentId, string attribute) =>
        _perValue.TryGetValue((environmentId, attribute), out var values) ? values.Count : 0;

    public void Add(PlacedMachine machine)
    {
        _perAgent[machine.AgentId] = OnAgent(machine.AgentId) + 1;
        foreach (var (attribute, value) in machine.Attributes)
        {
            if (!_perValue.TryGetValue((machine.EnvironmentId, attribute), out var values))
            {
                _perValue.Add((machine.EnvironmentId, attribute), values = new(StringComparer.Ordinal));
            }

            values[value] = values.GetValueOrDefault(value) + 1;
        }
    }
}
