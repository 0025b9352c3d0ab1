using System.Collections.Concurrent;
using Drover.Api.Agents;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Hosts;

/// <summary>What hosts did in the last 24 hours, minute by minute.</summary>
/// <remarks>
/// In memory are only the minutes that are not stored yet; the rest is in the database, an hour of a host in a row of at most 2 KB. So a server that is killed loses the minutes since the last
/// <see cref="KeepAsync"/>, several servers that a host was linked to in turn write one past (each adds its minutes to what the row has), and a day of ten thousand hosts costs no memory.
/// The past of a host goes with it.
/// </remarks>
internal sealed class LoadPast(Database database, TimeProvider time)
{
    public const int Hours = 24;
    private const int MinutesPerHour = 60;
    private const int Batch = 100;

    private readonly ConcurrentDictionary<long, Unstored> _hosts = new();

    /// <summary>Minutes in memory, of all hosts.</summary>
    public int InMemory => _hosts.Values.Sum(host => host.Count);

    public void Add(long hostId, HostLoad sample) => _hosts.GetOrAdd(hostId, _ => new Unstored()).Add(LoadMinute.Of(time.GetUtcNow()), sample);

    /// <summary>Its host is removed. The rows go with <see cref="RemoveAsync"/>.</summary>
    public void Forget(long hostId) => _hosts.TryRemove(hostId, out _);

    public static Task RemoveAsync(AppDb db, long hostId, CancellationToken cancellationToken) => db.LoadHours.Where(h => h.HostId == hostId).ExecuteDeleteAsync(cancellationToken);

    /// <summary>The minutes from <paramref name="first"/> on that are known, oldest first; the one that runs is among them.</summary>
    public async Task<IReadOnlyList<LoadMinute>> ReadAsync(AppDb db, long hostId, uint first, CancellationToken cancellationToken)
    {
        // Memory first: what is stored in between is then there twice and not at all never.
        var fresh = _hosts.TryGetValue(hostId, out var host) ? host.Take(withRunning: true) : [];
        var hour = (long)first / MinutesPerHour;
        var stored = await db.LoadHours.AsNoTracking().Where(h => h.HostId == hostId && h.Hour >= hour).Select(h => h.Data).ToListAsync(cancellationToken);
        return [.. Merge(stored.SelectMany(LoadBytes.Read), fresh).Where(m => m.Minute >= first)];
    }

    /// <summary>Stores the minutes that are over, and deletes what is older than a day. What cannot be stored now is kept for the next time.</summary>
    /// <param name="all">The minute that runs as well: the server stops.</param>
    public async Task KeepAsync(bool all, CancellationToken cancellationToken)
    {
        foreach (var hosts in _hosts.Keys.Chunk(Batch))
        {
            var minutes = hosts.Select(id => (Id: id, Minutes: _hosts.TryGetValue(id, out var host) ? host.Take(all) : [])).Where(h => h.Minutes.Count > 0).ToDictionary(h => h.Id, h => h.Minutes);
            if (minutes.Count == 0)
            {
                continue;
            }

            await database.RunAsync(db => db.WriteAsync("loads.keep", () => StoreAsync(db, minutes, cancellationToken), cancellationToken), cancellationToken);
            foreach (var (id, stored) in minutes)
            {
                if (_hosts.TryGetValue(id, out var host))
                {
                    host.Stored(stored[^1].Minute);
                }
            }
        }

        long oldest = (LoadMinute.Of(time.GetUtcNow()) / MinutesPerHour) - Hours;
        await using var cleaning = database.Open();
        await cleaning.LoadHours.Where(h => h.Hour < oldest).ExecuteDeleteAsync(cancellationToken);
    }

    private static async Task<bool> StoreAsync(AppDb db, Dictionary<long, IReadOnlyList<LoadMinute>> minutes, CancellationToken cancellationToken)
    {
        var ids = minutes.Keys.ToList();
        var present = await db.Hosts.Where(h => ids.Contains(h.Id) && h.Removed == null).Select(h => h.Id).ToListAsync(cancellationToken);
        var hours = minutes.Values.SelectMany(m => m).Select(m => (long)(m.Minute / MinutesPerHour)).Distinct().ToList();
        var rows = (await db.LoadHours.Where(r => present.Contains(r.HostId) && hours.Contains(r.Hour)).ToListAsync(cancellationToken)).ToDictionary(r => (r.HostId, r.Hour));
        foreach (var id in present)
        {
            foreach (var hour in minutes[id].GroupBy(m => (long)(m.Minute / MinutesPerHour)))
            {
                if (!rows.TryGetValue((id, hour.Key), out var row))
                {
                    db.LoadHours.Add(row = new LoadHourRow { HostId = id, Hour = hour.Key });
                }

                row.Data = LoadBytes.Write(Merge(LoadBytes.Read(row.Data), hour));
            }
        }

        return true;
    }

    /// <summary>In order; where both know a minute, the newer word counts.</summary>
    private static SortedDictionary<uint, LoadMinute>.ValueCollection Merge(IEnumerable<LoadMinute> known, IEnumerable<LoadMinute> newer)
    {
        var merged = new SortedDictionary<uint, LoadMinute>();
        foreach (var minute in known.Concat(newer))
        {
            merged[minute.Minute] = minute;
        }

        return merged.Values;
    }

    /// <summary>One host's minutes that are not in the database.</summary>
    private sealed class Unstored
    {
        private readonly List<LoadMinute> _over = [];
        private LoadSum _running = new(0);

        public int Count
        {
            get
            {
                lock (_over)
                {
                    return _over.Count;
                }
            }
        }

        public void Add(uint minute, HostLoad sample)
        {
            lock (_over)
            {
                if (minute != _running.Minute)
                {
                    Turn(minute);
                }

                _running.Add(sample);
            }
        }

        public IReadOnlyList<LoadMinute> Take(bool withRunning)
        {
            lock (_over)
            {
                return withRunning && _running.Count > 0 ? [.. _over, _running.Mean()] : [.. _over];
            }
        }

        public void Stored(uint last)
        {
            lock (_over)
            {
                _over.RemoveAll(m => m.Minute <= last);
            }
        }

        private void Turn(uint minute)
        {
            if (_running.Count > 0)
            {
                _over.Add(_running.Mean());
            }

            // A clock that was set back: what it called the future never was.
            _over.RemoveAll(m => m.Minute >= minute);

            // A database that is away for long must not fill the memory.
            if (_over.Count > Hours * MinutesPerHour)
            {
                _over.RemoveAt(0);
            }

            _running = new LoadSum(minute);
        }
    }
}
