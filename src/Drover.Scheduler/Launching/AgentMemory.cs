using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Launching;

/// <summary>What each agent last had free, for explanations only: an offer is never used from memory.</summary>
internal sealed class AgentMemory
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(2);
    private readonly Dictionary<string, (Place Place, DateTimeOffset At)> _agents = new(StringComparer.Ordinal);

    /// <summary>When the oldest of what is known was offered.</summary>
    public DateTimeOffset? Oldest => _agents.Count == 0 ? null : _agents.Values.Min(a => a.At);

    public void Offered(Place place, DateTimeOffset now) => _agents[place.AgentId] = (place, now);

    /// <summary>A task has ended there: its room is on its way to us until the next offer tells.</summary>
    public void Returned(string agentId, Amounts amounts)
    {
        if (_agents.TryGetValue(agentId, out var known))
        {
            _agents[agentId] = known with { Place = known.Place with { Free = known.Place.Free + amounts } };
        }
    }

    public void Lost(string agentId) => _agents.Remove(agentId);

    /// <summary>What was offered since then; of agents that were not offered again nothing is free.</summary>
    public IReadOnlyList<Place> KnownSince(DateTimeOffset from) => [.. _agents.Values.Select(a => a.At >= from ? a.Place : a.Place with { Free = default })];

    public IReadOnlyList<Place> Known(DateTimeOffset now)
    {
        foreach (var old in _agents.Where(a => now - a.Value.At > s_lifetime).Select(a => a.Key).ToList())
        {
            _agents.Remove(old);
        }

        return [.. _agents.Values.Select(a => a.Place)];
    }
}
