using Drover.Web.Hosts;

namespace Drover.Web.Containers;

/// <summary>Hosts by their ids, as containers name them.</summary>
internal sealed class HostNames
{
    private readonly Dictionary<string, HostView> _hosts = new(StringComparer.Ordinal);
    private readonly string _environment;

    public HostNames(string environment, IReadOnlyList<HostView> hosts)
    {
        _environment = environment;
        foreach (var host in hosts)
        {
            if (host.HostId is { } id)
            {
                _hosts[id] = host;
            }
        }
    }

    /// <summary>Those that can run containers now.</summary>
    public IEnumerable<HostView> Active => _hosts.Values.Where(h => h.Status.Tone == StatusTone.Good).OrderBy(h => h.Name, HostOrder.Names);

    /// <summary>Each host's place in the order of their names.</summary>
    public Dictionary<string, int> Places() => _hosts.OrderBy(h => h.Value.Name, HostOrder.Names).Select((h, i) => (h.Key, i)).ToDictionary(p => p.Key, p => p.i, StringComparer.Ordinal);

    public HostView? Find(string? id) => id is null ? null : _hosts.GetValueOrDefault(id);

    public string Name(string? id) => Find(id)?.Name ?? id ?? "";

    public string? Href(string? id) => Find(id) is { } host ? $"/env/{_environment}/hosts/{host.Key}" : null;
}
