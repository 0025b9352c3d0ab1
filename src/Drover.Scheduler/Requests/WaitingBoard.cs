using System.Collections.Immutable;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;

namespace Drover.Scheduler.Requests;

/// <summary>Keeps for each waiting machine the sentence that says why it waits.</summary>
internal sealed class WaitingBoard(RequestBook book, PoolBook pool, AgentMemory memory, TimeSpan interval)
{
    /// <summary>Agents looked at in one go, over all explained machines: an explanation must never hold up a launch.</summary>
    private const int Budget = 200_000;
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, string> _notes = new(StringComparer.Ordinal);
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private bool _stale = true;

    public ImmutableDictionary<string, WaitingExplanation> Waiting { get; private set; } = ImmutableDictionary.Create<string, WaitingExplanation>(StringComparer.Ordinal);

    public DateTimeOffset? NextDue => book.QueueLength == 0 ? null : _last + (_stale ? s_least : interval);

    /// <summary>Offers came, the queue moved, the master went away.</summary>
    public void Changed() => _stale = true;

    public void Note(string machineId, string text)
    {
        _notes[machineId] = text;
        _stale = true;
    }

    public string? NoteOf(string machineId) => _notes.GetValueOrDefault(machineId);

    /// <returns>The machines whose explanation is another one now.</returns>
    public IReadOnlyList<string> Act(string? masterProblem, DateTimeOffset now)
    {
        if (NextDue is null)
        {
            Waiting = Waiting.Clear();
            _notes.Clear();
            return [];
        }

        if (NextDue > now)
        {
            return [];
        }

        _last = now;
        _stale = false;
        var places = Places(now);
        var usage = new PlacementUsage(Placed());
        var explained = Math.Max(5, Budget / Math.Max(1, places.Count));
        var next = ImmutableDictionary.CreateBuilder<string, WaitingExplanation>(StringComparer.Ordinal);
        var ahead = 0;
        foreach (var request in book.Queue)
        {
            next[request.MachineId] = Explain(request, ahead, ahead < explained, places, usage, masterProblem, now);
            ahead++;
        }

        foreach (var gone in _notes.Keys.Where(id => !next.ContainsKey(id)).ToList())
        {
            _notes.Remove(gone);
        }

        var changed = next.Where(w => !Waiting.TryGetValue(w.Key, out var old) || old != w.Value).Select(w => w.Key).ToList();
        Waiting = next.ToImmutable();
        return changed;
    }

    /// <summary>What is known of the cluster, for who asks where something would fit.</summary>
    public KnownCluster Known(DateTimeOffset now) => new(Places(now), [.. Placed()], [.. book.Queue.Select(book.Need).OfType<PlacementNeed>()], memory.Oldest);

    /// <summary>What the pool holds is as good as free: it gives way.</summary>
    private List<Place> Places(DateTimeOffset now)
    {
        var held = pool.Held();
        return [.. memory.Known(now).Select(p => p with { Free = held[p.AgentId].Aggregate(p.Free, (sum, amounts) => sum + amounts) })];
    }

    private IEnumerable<PlacedMachine> Placed() => book.WithTask.Select(r => r.Placed()).OfType<PlacedMachine>();

    private WaitingExplanation Explain(MachineRequest request, int ahead, bool inFull, IReadOnlyList<Place> places, PlacementUsage usage, string? masterProblem, DateTimeOffset now)
    {
        if (book.Prepared(request.MachineId) is null || book.Need(request) is not { } need)
        {
            return new WaitingExplanation(NoteOf(request.MachineId) ?? "Reading the machine from the server.", null, ahead);
        }

        if (request.Hindrance is { } hindrance)
        {
            return new WaitingExplanation(hindrance, null, ahead);
        }

        if (masterProblem is not null)
        {
            return new WaitingExplanation($"Waiting for the cluster: {masterProblem}", null, ahead);
        }

        if (request.NotBefore > now)
        {
            return new WaitingExplanation($"The cluster dropped attempt {request.Attempt}: {request.LastDrop?.TrimEnd('.')}. Trying again at {request.NotBefore:HH:mm:ss} UTC.", null, ahead);
        }

        if (request.Kept is { } kept)
        {
            // Wherever else there is room, its disk is here.
            var there = PlacementExplainer.Explain(need, ahead, [.. places.Where(p => p.Hostname == kept.Hostname)], usage);
            return there with { Reason = $"Its disk is on {kept.Hostname}. {there.Reason}" };
        }

        return inFull
            ? PlacementExplainer.Explain(need, ahead, places, usage)
            : new WaitingExplanation($"Waiting for an offer: needs {need.Amounts}.", null, ahead);
    }
}
