using Drover.Api.Machines;

namespace Drover.Web.Hosts;

/// <summary>How long hosts took to get ready here: the figures above the list, and what a stage usually takes.</summary>
public sealed class ReadyTimes
{
    private readonly double[] _ready;
    private readonly Dictionary<string, double> _stages;

    public ReadyTimes(IReadOnlyCollection<HostView> hosts)
    {
        _ready = [.. hosts.Select(h => h.ReadySeconds).OfType<double>().Order()];
        _stages = hosts
            .SelectMany(h => h.Stages)
            .Where(s => s.Status == StageStatus.Done && s.FinishedAt is not null)
            .GroupBy(s => s.Stage, s => (s.FinishedAt!.Value - s.StartedAt).TotalSeconds, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => Percentile([.. g.Order()], 50), StringComparer.Ordinal);
    }

    public int Count => _ready.Length;

    /// <summary>Seconds; null while no host has become ready.</summary>
    public double? P50 => _ready.Length == 0 ? null : Percentile(_ready, 50);

    public double? P95 => _ready.Length == 0 ? null : Percentile(_ready, 95);

    /// <summary>The median of this stage, seconds; null when it was never finished here.</summary>
    public double? Usual(string stage) => _stages.TryGetValue(stage, out var seconds) ? seconds : null;

    /// <summary>By nearest rank: the smallest value that at least <paramref name="percent"/> of all do not exceed.</summary>
    internal static double Percentile(double[] sorted, int percent) =>
        sorted[Math.Max(0, (int)Math.Ceiling(percent / 100d * sorted.Length) - 1)];
}
