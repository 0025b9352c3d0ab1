using System.Collections.Concurrent;
using Drover.Server.Api.Queries;
using Drover.Server.Events;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>The containers of all hosts that are, or were, connected since this server started; each change becomes a <c>resource.change</c>.</summary>
/// <remarks>One that is gone stays for a while as removed, as rows do: who listens is to hear of it, and who asks for it by its id.</remarks>
internal sealed class ContainerBoard(ChangeFeed changes, TimeProvider time)
{
    private readonly ConcurrentDictionary<long, ConcurrentDictionary<string, ContainerRow>> _hosts = new();

    public IEnumerable<ContainerRow> All => _hosts.Values.SelectMany(host => host.Values);

    public IEnumerable<ContainerRow> OfHost(long hostId) => _hosts.TryGetValue(hostId, out var host) ? host.Values : [];

    public ContainerRow? Find(long id) => OfHost(ContainerId.HostOf(id)).OrderBy(c => c.Removed is not null).ThenBy(c => c.Created).FirstOrDefault(container => container.Id == id);

    /// <summary>All that the host's Docker has; what was known beside is gone.</summary>
    public void Replace(long hostId, IReadOnlyCollection<ContainerRow> containers)
    {
        Put(hostId, containers);
        var there = containers.Select(container => container.DockerId).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in OfHost(hostId).Where(container => !there.Contains(container.DockerId)))
        {
            Remove(hostId, gone.DockerId);
        }

        foreach (var old in OfHost(hostId).Where(container => container.Removed < time.GetUtcNow() - CollectionReader.ShowRemoved))
        {
            _hosts[hostId].TryRemove(KeyValuePair.Create(old.DockerId, old));
        }
    }

    public void Put(long hostId, IEnumerable<ContainerRow> containers)
    {
        var host = _hosts.GetOrAdd(hostId, _ => new ConcurrentDictionary<string, ContainerRow>(StringComparer.Ordinal));
        foreach (var container in containers)
        {
            var differs = !host.TryGetValue(container.DockerId, out var before) || container.Differs(before);
            host[container.DockerId] = container;
            if (differs)
            {
                changes.Note(new RowChange(typeof(ContainerRow), container.Id));
            }
        }
    }

    /// <summary>What a person asked for is being done.</summary>
    public void Move(ContainerRow container, string state) => Change(container.HostId, container.DockerId, row => row.In(state, null));

    public void Remove(long hostId, string dockerId) => Change(hostId, dockerId, row => row.Removed is null ? row.In("removed", time.GetUtcNow()) : row);

    public void Forget(long hostId)
    {
        foreach (var container in OfHost(hostId))
        {
            Remove(hostId, container.DockerId);
        }
    }

    private void Change(long hostId, string dockerId, Func<ContainerRow, ContainerRow> change)
    {
        if (_hosts.TryGetValue(hostId, out var host) && host.TryGetValue(dockerId, out var before) && change(before) is var after && !ReferenceEquals(before, after)
            && host.TryUpdate(dockerId, after, before))
        {
            changes.Note(new RowChange(typeof(ContainerRow), after.Id));
        }
    }
}
