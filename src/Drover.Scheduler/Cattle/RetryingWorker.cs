using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Drover.Scheduler.Cattle;

/// <summary>Works on keyed items beside the loop, a few at a time, each again and again until its work says that it is done.</summary>
/// <remarks>Setting an item that is waiting or being worked on replaces it: only the newest counts. One key is never worked on twice at once.</remarks>
/// <param name="concurrency">Items in work at once.</param>
/// <param name="spacing">Least time between two runs for one key.</param>
/// <param name="work">Gets the item and how many runs it has had since it was set; returns when to run again, null when done.</param>
internal sealed class RetryingWorker<TItem>(int concurrency, TimeSpan spacing, TimeProvider time, Func<TItem, int, CancellationToken, Task<TimeSpan?>> work)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(string Key, long Version), DateTimeOffset> _due = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _version;
    private int _inWork;
    private volatile ExceptionDispatchInfo? _failure;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public void Set(string key, TItem item)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                _entries.Add(key, entry = new Entry());
            }

            entry.Item = item;
            entry.Runs = 0;
            entry.Changed = true;
            if (!entry.Running)
            {
                Schedule(key, entry, entry.LastRun is { } last ? last + spacing : time.GetUtcNow());
            }
        }
    }

    public void Remove(string key)
    {
        lock (_lock)
        {
            _entries.Remove(key);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new HashSet<Task>();
        try
        {
            while (true)
            {
                var next = TakeDue(out var batch);
                foreach (var (key, entry, item, runs) in batch)
                {
                    running.Add(RunOneAsync(key, entry, item, runs, cancellationToken));
                }

                using var timer = next is null ? null : time.CreateTimer(_ => Wake(), null, next.Value, Timeout.InfiniteTimeSpan);
                await _wake.Reader.ReadAsync(cancellationToken);
                running.RemoveWhere(t => t.IsCompletedSuccessfully);
                _failure?.Throw();
            }
        }
        finally
        {
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Due items, and the time until the next one; null when a finished or a new item will wake us.</summary>
    private TimeSpan? TakeDue(out List<(string Key, Entry Entry, TItem Item, int Runs)> batch)
    {
        batch = [];
        lock (_lock)
        {
            var now = time.GetUtcNow();
            while (_due.TryPeek(out var head, out var at))
            {
                if (!_entries.TryGetValue(head.Key, out var entry) || entry.Version != head.Version || entry.Running)
                {
                    _due.Dequeue();
                    continue;
                }

                if (at > now)
                {
                    return at - now;
                }

                if (_inWork == concurrency)
                {
                    return null;
                }

                _due.Dequeue();
                _inWork++;
                entry.Running = true;
                entry.Changed = false;
                entry.LastRun = now;
                batch.Add((head.Key, entry, entry.Item, entry.Runs++));
            }

            return null;
        }
    }

    private async Task RunOneAsync(string key, Entry entry, TItem item, int runs, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            var again = await work(item, runs, cancellationToken);
            lock (_lock)
            {
                _inWork--;
                entry.Running = false;
                if (!_entries.TryGetValue(key, out var current) || !ReferenceEquals(current, entry))
                {
                    return;
                }

                if (entry.Changed)
                {
                    Schedule(key, entry, entry.LastRun!.Value + spacing);
                }
                else if (again is { } delay)
                {
                    Schedule(key, entry, time.GetUtcNow() + delay);
                }
                else
                {
                    _entries.Remove(key);
                }
            }
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            // The counts are right by now, though this task is not yet seen as completed.
            Wake();
        }
    }

    private void Schedule(string key, Entry entry, DateTimeOffset at)
    {
        entry.Version = ++_version;
        _due.Enqueue((key, entry.Version), at);
        Wake();
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private sealed class Entry
    {
        public TItem Item = default!;
        public int Runs;
        public long Version;
        public bool Running;
        public bool Changed;
        public DateTimeOffset? LastRun;
    }
}
