namespace Drover.LocalMesos;

/// <summary>What frameworks refused, per framework, role and agent. An offer that is a subset of a refused set is withheld until the filter's time is over;
/// when more becomes free on the agent, the offer breaks through.</summary>
internal sealed class DeclineFilters(TimeProvider time, TimeSpan allocationInterval)
{
    private static readonly TimeSpan Default = TimeSpan.FromSeconds(5), Longest = TimeSpan.FromDays(365);

    private readonly Dictionary<(string Framework, string Role, string Agent), List<(Resources Refused, DateTimeOffset Until)>> _filters = [];

    /// <summary>Null for no filter. Absent, negative and unreadable mean 5 s; the longest is a year.</summary>
    public static TimeSpan? RefuseTime(Filters? filters) => (filters?.RefuseSeconds ?? 5.0) switch
    {
        0 => null,
        var s when double.IsNaN(s) || s < 0 => Default,
        var s when s > Longest.TotalSeconds => Longest,
        var s => TimeSpan.FromSeconds(s),
    };

    /// <summary>A filter lives for one allocation interval at least.</summary>
    public void Add(string framework, string role, string agent, Resources refused, TimeSpan refuse)
    {
        if (refused.IsEmpty)
        {
            return;
        }

        var key = (framework, role, agent);
        if (!_filters.TryGetValue(key, out var list))
        {
            _filters[key] = list = [];
        }

        list.Add((refused, time.GetUtcNow() + (refuse > allocationInterval ? refuse : allocationInterval)));
    }

    public bool Withholds(string framework, string role, string agent, Resources offer)
    {
        if (!_filters.TryGetValue((framework, role, agent), out var list))
        {
            return false;
        }

        var now = time.GetUtcNow();
        list.RemoveAll(f => f.Until <= now);
        return list.Any(f => f.Refused.Contains(offer));
    }

    /// <summary>Forgets a framework's filters, of the given roles or of all.</summary>
    public void Clear(string framework, IReadOnlyCollection<string>? roles = null)
    {
        foreach (var key in _filters.Keys.Where(k => k.Framework == framework && (roles is null || roles.Contains(k.Role))).ToList())
        {
            _filters.Remove(key);
        }
    }

    public void ClearAgent(string agent)
    {
        foreach (var key in _filters.Keys.Where(k => k.Agent == agent).ToList())
        {
            _filters.Remove(key);
        }
    }
}
