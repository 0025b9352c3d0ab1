using Drover.Api.Agents;

namespace Drover.Agent.Health;

/// <summary>Facts by value: a record compares its map of labels by reference.</summary>
internal static class HostFactsComparer
{
    private static readonly Dictionary<string, string> None = [];

    public static bool Same(HostFacts a, HostFacts b) =>
        a with { Labels = None } == b with { Labels = None }
        && a.Labels.Count == b.Labels.Count
        && a.Labels.All(l => b.Labels.TryGetValue(l.Key, out var value) && value == l.Value);
}
