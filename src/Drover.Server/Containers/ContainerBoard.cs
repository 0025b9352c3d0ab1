using System.Collections.Concurrent;
using Drover.Server.Api.Queries;
using Drover.Server.Events;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>The containers of all hosts that are, or were, connected since this server started, and those that are being made; each change becomes a <c>resource.change</c>.</summary>
/// <remarks>One that is gone stays for a while as removed, as rows do: who listens is to hear of it, and who asks for it by its id.
/// While an order for a container goes on, its state is the order's, whatever Docker says already.</remarks>
internal sealed class ContainerBoard(ChangeFeed changes, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, ConcurrentDictionary<string, ContainerRow>> _hosts = new();
    private readonly ConcurrentDictionary<long, ContainerRow> _orders = new();

    /// <summary>Hosts that were removed: what is still under way about them is not heard any more.</summary>
    private readonly ConcurrentDictionary<long, bool> _gone = new();

    public IEnumerable<ContainerRow> All => _hosts.Values.SelectMany(host => host.Values).Select(Shown).Concat(_orders.Values.Where(order => Present(order.HostId, order.Id) is null));

    public IEnumerable<ContainerRow> OfHost(long hostId) => _hosts.TryGetValue(hostId, out var host) ? host.Values : [];

    /// <summary>The present one of this number, or the last that was.</summary>
    public ContainerRow? Find(long id) => Present(ContainerId.HostOf(id), id) is { } present ? Shown(present)
        : _orders.GetValueOrDefault(id) ?? OfHost(ContainerId.HostOf(id)).Where(container => container.Id == id).MaxBy(container => container.Removed);

    /// <summary>Whether a container of this name is on the host, or about to be.</summary>
    public bool HasName(long hostId, string name) =>
        OfHost(hostId).Any(container => container.Removed is null && container.Name == name) || _orders.Values.Any(order => order.HostId == hostId && order.Name == name);

    /// <summary>All that the host's Docker has; what was known beside is gone.</summary>
    public void Replace(long hostId, IReadOnlyCollection<ContainerRow> containers)
    {
        var there = containers.Select(container => container.DockerId).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in OfHost(hostId).Where(container => !there.Contains(container.DockerId)))
        {
            Remove(hostId, gone.DockerId);
        }

        Put(hostId, containers);
        foreach (var old in OfHost(hostId).Where(container => container.Removed < time.GetUtcNow() - CollectionReader.ShowRemoved))
        {
            _hosts[hostId].TryRemove(KeyValuePair.Create(old.DockerId, old));
        }
    }

    public void Put(long hostId, IEnumerable<ContainerRow> containers)
    {
        if (_gone.ContainsKey(hostId))
        {
            return;
        }

        var host = _hosts.GetOrAdd(hostId, _ => new ConcurrentDictionary<string, ContainerRow>(StringComparer.Ordinal));
        foreach (var told in containers.OrderBy(container => container.Created))
        {
            var container = told.Uuid != told.DockerId && Present(hostId, told.Id) is { } other && other.DockerId != told.DockerId && other.Created <= told.Created ? told.WithOwnId() : told;
            container.ToldAt = time.GetUtcNow();
            var differs = !host.TryGetValue(container.DockerId, out var before) || container.Differs(before);
            host[container.DockerId] = container;
            if (differs)
            {
                Note(container.Id);
            }
        }
    }

    /// <summary>What a person asked for is being done.</summary>
    public void Move(ContainerRow container, string state) => Change(container.HostId, container.DockerId, row => row.In(state, null));

    public void Remove(long hostId, string dockerId) => Change(hostId, dockerId, row => row.Removed is null ? row.In("removed", time.GetUtcNow()) : row);

    /// <summary>An order, as it stands now.</summary>
    public void Show(ContainerRow order)
    {
        if (!_gone.ContainsKey(order.HostId))
        {
            _orders[order.Id] = order;
            Note(order.Id);
        }
    }

    /// <summary>The order is over: from now on Docker's word counts.</summary>
    public void EndOrder(long id)
    {
        if (_orders.TryRemove(id, out var order) && Present(order.HostId, id) is null)
        {
            // It never came to Docker, but somebody may have seen it.
            var gone = order.In("removed", time.GetUtcNow());
            _hosts.GetOrAdd(order.HostId, _ => new ConcurrentDictionary<string, ContainerRow>(StringComparer.Ordinal))[order.Uuid] = gone;
        }

        Note(id);
    }

    public void Forget(long hostId)
    {
        _gone[hostId] = true;
        foreach (var order in _orders.Values.Where(order => order.HostId == hostId))
        {
            EndOrder(order.Id);
        }

        foreach (var container in OfHost(hostId))
        {
            Remove(hostId, container.DockerId.Length > 0 ? container.DockerId : container.Uuid);
        }
    }

    private ContainerRow? Present(long hostId, long id) => OfHost(hostId).FirstOrDefault(container => container.Id == id && container.Removed is null);

    private ContainerRow Shown(ContainerRow container) => container.Removed is null && _orders.TryGetValue(container.Id, out var order) ? container.Under(order) : container;

    private void Change(long hostId, string key, Func<ContainerRow, ContainerRow> change)
    {
        if (_hosts.TryGetValue(hostId, out var host) && host.TryGetValue(key, out var before) && change(before) is var after && !ReferenceEquals(before, after)
            && host.TryUpdate(key, after, before))
        {
            Note(after.Id);
        }
    }

    private void Note(long id) => changes.Note(new RowChange(typeof(ContainerRow), id));
}
