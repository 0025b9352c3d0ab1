using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;

namespace Drover.Web.Hosts;

/// <summary>The hosts of one environment as they are known now: lists, and the changes that came after them.</summary>
/// <remarks>
/// Machines and hosts are two resources of one thing; <see cref="HostView.Of"/> merges them by the machine's id. Reading a list takes time,
/// and an event that arrives meanwhile is newer than it: <see cref="Mark"/> before the list, and <see cref="Replace"/> with that mark, keep
/// what changed in between. A change costs one merge, however many hosts there are. Safe to use from several threads.
/// </remarks>
internal sealed class HostsModel
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Known> _machines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Known> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _hostOfMachine = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HostView> _views = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LoadHistory> _histories = new(StringComparer.Ordinal);
    private IReadOnlyList<HostView>? _sorted;
    private long _clock;

    /// <summary>Whole lists have been read at least once: an empty model means that there are none.</summary>
    public bool Loaded { get; private set; }

    /// <summary>Those that need eyes first, then those in the making, then the rest; by name inside.</summary>
    public IReadOnlyList<HostView> Hosts
    {
        get
        {
            lock (_gate)
            {
                return _sorted ??= [.. _views.Values.OrderBy(HostOrder.Rank).ThenBy(v => v.Name, HostOrder.Names).ThenBy(v => v.Key, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>By the id of its machine or its host.</summary>
    public HostView? Find(string key)
    {
        lock (_gate)
        {
            return _views.GetValueOrDefault(key) ?? _views.Values.FirstOrDefault(v => v.HostId == key);
        }
    }

    /// <summary>The last samples of a host's load, oldest first.</summary>
    public IReadOnlyList<HostLoad> History(string key)
    {
        lock (_gate)
        {
            return _histories.TryGetValue(key, out var history) ? history.Samples : [];
        }
    }

    /// <summary>Takes samples from before this page was opened.</summary>
    public void Recall(string key, IEnumerable<HostLoad> samples)
    {
        lock (_gate)
        {
            if (_views.ContainsKey(key))
            {
                var newer = _histories.TryGetValue(key, out var known) ? known.Samples : [];
                var history = new LoadHistory();
                foreach (var sample in samples.Concat(newer).OrderBy(s => s.At))
                {
                    history.Add(sample);
                }

                _histories[key] = history;
            }
        }
    }

    /// <summary>Taken before a list is asked for.</summary>
    public long Mark()
    {
        lock (_gate)
        {
            return _clock;
        }
    }

    /// <summary>Takes whole lists, except where something newer than <paramref name="mark"/> is known.</summary>
    public void Replace(IEnumerable<CattleResource> machines, IEnumerable<CattleResource> hosts, long mark)
    {
        lock (_gate)
        {
            foreach (var id in Take(_machines, machines, mark))
            {
                MachineChanged(id);
            }

            foreach (var id in Take(_hosts, hosts, mark))
            {
                HostChanged(id);
            }

            Loaded = true;
        }
    }

    /// <summary>Takes one resource, from an event or an answer. False if it is neither machine nor host.</summary>
    public bool Apply(CattleResource resource)
    {
        lock (_gate)
        {
            if (resource.Id.Length == 0)
            {
                return false;
            }

            switch (resource.Type)
            {
                case "machine" or "physicalHost":
                    _machines[resource.Id] = new Known(resource, ++_clock);
                    MachineChanged(resource.Id);
                    return true;
                case "host":
                    _hosts[resource.Id] = new Known(resource, ++_clock);
                    HostChanged(resource.Id);
                    return true;
                default:
                    return false;
            }
        }
    }

    /// <summary>Brings <paramref name="known"/> to what is listed; the ids that changed.</summary>
    private static List<string> Take(Dictionary<string, Known> known, IEnumerable<CattleResource> listed, long mark)
    {
        var next = new Dictionary<string, CattleResource>(StringComparer.Ordinal);
        foreach (var resource in listed.Where(r => r.Id.Length > 0))
        {
            next[resource.Id] = resource;
        }

        var changed = known.Where(k => k.Value.At <= mark && !next.ContainsKey(k.Key)).Select(k => k.Key).ToList();
        changed.ForEach(id => known.Remove(id));
        foreach (var (id, resource) in next)
        {
            if (!known.TryGetValue(id, out var old) || (old.At <= mark && !JsonNode.DeepEquals(old.Resource.Json, resource.Json)))
            {
                known[id] = new Known(resource, mark);
                changed.Add(id);
            }
        }

        return changed;
    }

    private void MachineChanged(string id)
    {
        if (_machines.TryGetValue(id, out var machine) && machine.Resource.Text("hostId") is { } hostId)
        {
            _hostOfMachine[id] = hostId;
        }

        Merge(id);
        if (_hostOfMachine.TryGetValue(id, out var host))
        {
            HostChanged(host);
        }
    }

    private void HostChanged(string id)
    {
        if (!_hosts.TryGetValue(id, out var host))
        {
            Forget(id);
            foreach (var machineId in _hostOfMachine.Where(p => p.Value == id).Select(p => p.Key).ToList())
            {
                _hostOfMachine.Remove(machineId);
                Merge(machineId);
            }

            return;
        }

        var machine = host.Resource.Text("physicalHostId") ?? _hostOfMachine.FirstOrDefault(p => p.Value == id).Key;
        if (machine is not null && !NamesAnother(machine, id))
        {
            _hostOfMachine[machine] = id;
        }

        if (machine is not null && _machines.ContainsKey(machine))
        {
            Forget(id);
            Merge(machine);
        }
        else if (IsGone(host.Resource))
        {
            Forget(id);
        }
        else
        {
            // Added by hand, or of a machine that we do not see.
            Show(id, null, host.Resource);
        }
    }

    /// <summary>A machine that names its host knows better than an old host that names the machine.</summary>
    private bool NamesAnother(string machineId, string hostId) =>
        _machines.TryGetValue(machineId, out var machine) && machine.Resource.Text("hostId") is { } named && named != hostId;

    private void Merge(string machineId)
    {
        if (!_machines.TryGetValue(machineId, out var machine) || IsGone(machine.Resource))
        {
            Forget(machineId);
            return;
        }

        var host = _hostOfMachine.TryGetValue(machineId, out var hostId) && _hosts.TryGetValue(hostId, out var known) && !IsGone(known.Resource) ? known.Resource : null;
        Show(machineId, machine.Resource, host);
    }

    private void Show(string key, CattleResource? machine, CattleResource? host)
    {
        if (_views.TryGetValue(key, out var old) && ReferenceEquals(old.Sources.Machine, machine) && ReferenceEquals(old.Sources.Host, host))
        {
            return;
        }

        var view = HostView.Of(machine, host);
        _views[key] = view;
        _sorted = null;
        if (view.Load is { } load)
        {
            if (!_histories.TryGetValue(key, out var history))
            {
                _histories[key] = history = new LoadHistory();
            }

            history.Add(load);
        }
    }

    private void Forget(string key)
    {
        if (_views.Remove(key))
        {
            _histories.Remove(key);
            _sorted = null;
        }
    }

    private static bool IsGone(CattleResource resource) => resource.State is "removed" or "purging" or "purged";

    private sealed record Known(CattleResource Resource, long At);
}
