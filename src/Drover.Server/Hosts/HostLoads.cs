using System.Collections.Concurrent;
using Drover.Api.Agents;

namespace Drover.Server.Hosts;

/// <summary>What hosts are doing: the latest samples of each, in memory only. After a restart they are there again within seconds; what was before is <see cref="LoadPast"/>.</summary>
internal sealed class HostLoads(LoadPast past)
{
    private const int Kept = 60;
    private readonly ConcurrentDictionary<long, Queue<HostLoad>> _samples = new();

    public void Add(long hostId, HostLoad sample)
    {
        past.Add(hostId, sample);
        var queue = _samples.GetOrAdd(hostId, _ => new Queue<HostLoad>(Kept));
        lock (queue)
        {
            if (queue.Count == Kept)
            {
                queue.Dequeue();
            }

            queue.Enqueue(sample);
        }
    }

    public HostLoad? Latest(long hostId)
    {
        if (!_samples.TryGetValue(hostId, out var queue))
        {
            return null;
        }

        lock (queue)
        {
            return queue.Count == 0 ? null : queue.Last();
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<HostLoad> History(long hostId)
    {
        if (!_samples.TryGetValue(hostId, out var queue))
        {
            return [];
        }

        lock (queue)
        {
            return [.. queue];
        }
    }

    public void Forget(long hostId)
    {
        _samples.TryRemove(hostId, out _);
        past.Forget(hostId);
    }
}
