namespace Drover.Scheduler.Pool;

/// <summary>Where spares failed lately: no new ones there for a while, longer each time. In memory; a restart tries again.</summary>
internal sealed class PoolBackoff
{
    private static readonly TimeSpan s_floor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_cap = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(string Agent, PoolClass Class), (int Failures, DateTimeOffset Until)> _failed = [];

    /// <returns>Until when.</returns>
    public DateTimeOffset Failed(string agentId, PoolClass of, DateTimeOffset now)
    {
        // One that lasted for long ends the series.
        var failures = _failed.TryGetValue((agentId, of), out var last) && now - last.Until < s_cap ? last.Failures + 1 : 1;
        var delay = s_floor * Math.Pow(2, failures - 1);
        var until = now + (delay < s_cap ? delay : s_cap);
        _failed[(agentId, of)] = (failures, until);
        return until;
    }

    public bool BacksOff(string agentId, PoolClass of, DateTimeOffset now) => _failed.TryGetValue((agentId, of), out var last) && last.Until > now;
}
