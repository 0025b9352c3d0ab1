using Drover.Api.Cattle;

namespace Drover.Web.Containers;

/// <summary>The containers of one environment as they are known now: the list, and the changes that came after it. Safe to use from several threads.</summary>
/// <remarks>As <see cref="Hosts.HostsModel"/>: an event that arrives while the list is read is newer than it, hence <see cref="Begin"/> and <see cref="Reading"/>.
/// A change costs one row, however many there are; order and filter are the pages'.</remarks>
internal sealed class ContainersModel
{
    private readonly Lock _gate = new();
    private readonly Words _words = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, ContainerView>> _byHost = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<ContainerView>> _ofHost = new(StringComparer.Ordinal);

    // Always in order: a change moves one row, and nobody sorts ten thousand of them again for it.
    private readonly List<ContainerView> _ordered = [];
    private IReadOnlyList<ContainerView>? _all;
    private long _clock;

    /// <summary>The whole list has been read at least once: an empty model means that there are none.</summary>
    public bool Loaded { get; private set; }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _known.Count;
            }
        }
    }

    /// <summary>By name. The same list as before while nothing has changed.</summary>
    public IReadOnlyList<ContainerView> All
    {
        get
        {
            lock (_gate)
            {
                return _all ??= [.. _ordered];
            }
        }
    }

    public ContainerView? Find(string id)
    {
        lock (_gate)
        {
            return _known.GetValueOrDefault(id)?.View;
        }
    }

    /// <summary>Those of one host, by name. The same list as before while none of them has changed.</summary>
    public IReadOnlyList<ContainerView> OfHost(string? hostId)
    {
        lock (_gate)
        {
            if (hostId is null || !_byHost.TryGetValue(hostId, out var views))
            {
                return [];
            }

            if (!_ofHost.TryGetValue(hostId, out var list))
            {
                _ofHost[hostId] = list = [.. views.Values.Order(ByName.Instance)];
            }

            return list;
        }
    }

    /// <summary>Begins to read the list, which comes in pages.</summary>
    public Reading Begin()
    {
        lock (_gate)
        {
            return new Reading(this, _clock);
        }
    }

    /// <summary>Takes one container, from an event or an answer. False if it is none.</summary>
    public bool Apply(CattleResource resource)
    {
        if (resource.Type is not ("container" or "instance") || resource.Id.Length == 0)
        {
            return false;
        }

        lock (_gate)
        {
            Set(resource, ++_clock);
            return true;
        }
    }

    private void Set(CattleResource resource, long at)
    {
        // One that is gone is remembered for the list that is just being read, and may still know it.
        var view = resource.State is "removed" or "purging" or "purged" ? null : ContainerView.Of(resource, _words);
        if (view is null || _known.GetValueOrDefault(resource.Id)?.View is not { } old || !old.Equals(view))
        {
            Show(resource.Id, view);
        }
        else
        {
            view = old;
        }

        _known[resource.Id] = new Known(view, at);
    }

    private void Show(string id, ContainerView? view)
    {
        var old = _known.GetValueOrDefault(id)?.View;
        if (old?.HostId is { } left && left != view?.HostId)
        {
            _byHost[left].Remove(id);
            _ofHost.Remove(left);
        }

        if (view?.HostId is { } host)
        {
            if (!_byHost.TryGetValue(host, out var views))
            {
                _byHost[host] = views = new(StringComparer.Ordinal);
            }

            views[id] = view;
            _ofHost.Remove(host);
        }

        Order(old, view);
        _all = null;
    }

    private void Order(ContainerView? old, ContainerView? view)
    {
        var at = old is null ? -1 : _ordered.BinarySearch(old, ByName.Instance);
        if (at >= 0 && view is not null && ByName.Instance.Compare(old, view) == 0)
        {
            _ordered[at] = view;
            return;
        }

        if (at >= 0)
        {
            _ordered.RemoveAt(at);
        }

        if (view is not null)
        {
            var place = _ordered.BinarySearch(view, ByName.Instance);
            _ordered.Insert(place < 0 ? ~place : place, view);
        }
    }

    private void Remove(string id)
    {
        Show(id, null);
        _known.Remove(id);
    }

    /// <summary>As people count; never equal for two containers.</summary>
    private sealed class ByName : IComparer<ContainerView>
    {
        public static readonly ByName Instance = new();

        public int Compare(ContainerView? a, ContainerView? b)
        {
            var names = Hosts.HostOrder.Names.Compare(a!.Name, b!.Name);
            return names != 0 ? names : string.CompareOrdinal(a.Id, b.Id);
        }
    }

    private sealed record Known(ContainerView? View, long At);

    /// <summary>A list on its way: pages are taken as they come, and what none of them had is gone at the end.</summary>
    internal sealed class Reading(ContainersModel model, long mark)
    {
        private readonly HashSet<string> _listed = new(StringComparer.Ordinal);

        public void Take(IEnumerable<CattleResource> page)
        {
            lock (model._gate)
            {
                foreach (var resource in page.Where(r => r.Id.Length > 0))
                {
                    _listed.Add(resource.Id);
                    if (!model._known.TryGetValue(resource.Id, out var old) || old.At <= mark)
                    {
                        model.Set(resource, mark);
                    }
                }
            }
        }

        public void End()
        {
            lock (model._gate)
            {
                foreach (var id in model._known.Where(k => k.Value.At <= mark && (k.Value.View is null || !_listed.Contains(k.Key))).Select(k => k.Key).ToList())
                {
                    model.Remove(id);
                }

                model.Loaded = true;
            }
        }
    }
}
