using Drover.Server.Storage;

namespace Drover.Server.Events;

/// <summary>How many change events a resource may still have: ten in any second. The steps of a machine that comes up in less than that are each told at once.</summary>
internal sealed class EventAllowance
{
    private const int Most = 10;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private readonly Dictionary<RowChange, Queue<DateTimeOffset>> _sent = [];

    /// <summary>Takes one, or says when there will be one.</summary>
    public bool TryTake(RowChange change, DateTimeOffset now, out DateTimeOffset free)
    {
        if (!_sent.TryGetValue(change, out var times))
        {
            _sent[change] = times = new Queue<DateTimeOffset>();
        }

        while (times.TryPeek(out var oldest) && oldest + Window <= now)
        {
            times.Dequeue();
        }

        free = times.Count < Most ? now : times.Peek() + Window;
        if (times.Count == Most)
        {
            return false;
        }

        times.Enqueue(now);
        return true;
    }

    /// <summary>Drops what has passed.</summary>
    public void Forget(DateTimeOffset now)
    {
        foreach (var old in _sent.Where(s => s.Value.Last() + Window <= now).Select(s => s.Key).ToList())
        {
            _sent.Remove(old);
        }
    }
}
