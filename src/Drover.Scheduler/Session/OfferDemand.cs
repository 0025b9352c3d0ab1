using Drover.Mesos.V1.Scheduler;

namespace Drover.Scheduler.Session;

/// <summary>Tells the master whether we want offers: suppressed while nothing waits, revived when something does, never in a burst.</summary>
/// <remarks>REVIVE clears all our decline filters, so it is what makes long filters harmless. It may be lost: it is repeated while something
/// waits and no offer comes. A bucket of ten tokens, one more each second, keeps a busy page from flooding the master.</remarks>
internal sealed class OfferDemand(string role)
{
    private const int Tokens = 10;
    private static readonly TimeSpan s_refill = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_repeat = TimeSpan.FromSeconds(60);

    private readonly HashSet<string> _served = new(StringComparer.Ordinal);
    private double _tokens = Tokens;
    private DateTimeOffset? _refilled;
    private bool _connected;

    /// <summary>The master gives us no offers.</summary>
    public bool IsSuppressed { get; private set; } = true;

    public DateTimeOffset? NextDue { get; private set; }

    /// <summary>When all agents were last asked for.</summary>
    public DateTimeOffset? RevivedAt { get; private set; }

    /// <summary>We always subscribe suppressed.</summary>
    public void Connected()
    {
        _connected = true;
        IsSuppressed = true;
        RevivedAt = null;
        _served.Clear();
    }

    public void Disconnected() => _connected = false;

    /// <summary>What was released should be offered at once: whoever waits asks again.</summary>
    public void Renew() => _served.Clear();

    /// <param name="machines">Requests that could be launched now.</param>
    /// <param name="pool">Members of the pool that could be. They never take the last tokens: a machine that is asked for must not wait because of them.</param>
    public void Act(IReadOnlyCollection<string> machines, IReadOnlyCollection<string> pool, Turn turn)
    {
        var waiting = machines.Count > 0 ? machines : pool;
        NextDue = null;
        if (!_connected)
        {
            return;
        }

        Refill(turn.Now);
        if (waiting.Count == 0)
        {
            _served.Clear();
            if (!IsSuppressed)
            {
                IsSuppressed = true;
                turn.Call(new Call { Type = Call.Types.Type.Suppress, Suppress = new Call.Types.Suppress { Roles = { role } } });
            }

            return;
        }

        var isNew = waiting.Any(id => !_served.Contains(id));
        var isLate = RevivedAt is { } at && turn.Now - at >= s_repeat;
        if (!IsSuppressed && !isNew && !isLate)
        {
            NextDue = RevivedAt + s_repeat;
            return;
        }

        if (_tokens < (machines.Count > 0 ? 1 : Tokens))
        {
            NextDue = _refilled + s_refill;
            return;
        }

        _tokens--;
        IsSuppressed = false;
        RevivedAt = turn.Now;
        NextDue = turn.Now + s_repeat;
        _served.Clear();
        _served.UnionWith(waiting);
        turn.Call(new Call { Type = Call.Types.Type.Revive, Revive = new Call.Types.Revive { Roles = { role } } });
    }

    private void Refill(DateTimeOffset now)
    {
        _refilled ??= now;
        while (_tokens < Tokens && now - _refilled >= s_refill)
        {
            _tokens++;
            _refilled += s_refill;
        }

        if (_tokens >= Tokens)
        {
            _refilled = now;
        }
    }
}
