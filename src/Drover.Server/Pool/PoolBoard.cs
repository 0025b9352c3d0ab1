using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Drover.Server.Events;

namespace Drover.Server.Pool;

/// <summary>What each scheduler keeps in its pool of templates and spares, as it last said; in memory only, it says so again every few seconds.</summary>
internal sealed class PoolBoard(EventHub hub, TimeProvider time)
{
    /// <summary>Tells schedulers to ask for the settings again.</summary>
    public const string ChangeEvent = "pool.change";

    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(2);
    private readonly ConcurrentDictionary<string, PoolNote> _notes = new(StringComparer.Ordinal);

    /// <summary>By scheduler; who has been silent for long is left out.</summary>
    public IReadOnlyList<PoolNote> All => [.. _notes.Values.Where(n => time.GetUtcNow() - n.At < s_lifetime).OrderBy(n => n.Scheduler, StringComparer.Ordinal)];

    public PoolNote Told(string scheduler, JsonArray members) => _notes[scheduler] = new PoolNote(scheduler, members, time.GetUtcNow());

    public void SettingsChanged()
    {
        foreach (var scheduler in _notes.Keys)
        {
            hub.Publish(new EventMessage { Id = Guid.NewGuid().ToString(), Name = $"{ChangeEvent};handler={scheduler}", ResourceType = "pool", ResourceId = scheduler, Time = time.GetUtcNow() });
        }
    }
}

/// <param name="Scheduler">The name of its external handler.</param>
/// <param name="Members">As the scheduler describes them.</param>
internal sealed record PoolNote(string Scheduler, JsonArray Members, DateTimeOffset At);
