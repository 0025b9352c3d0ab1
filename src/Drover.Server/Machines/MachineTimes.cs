using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Server.Metrics;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>How long machines took, stage by stage, and at which stage they failed: the figures of the product as histograms and counts.</summary>
/// <remarks>Stages come from a handler, which need not be ours: names that are not known do not become labels.</remarks>
internal sealed class MachineTimes
{
    private const string Other = "other";

    /// <summary>Seconds: from a claimed spare to a cloud image that installs Docker under emulation.</summary>
    private static readonly InstrumentAdvice<double> s_buckets = new() { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300] };
    private static readonly HashSet<string> s_ways = new(StringComparer.Ordinal) { StartWay.Warm, StartWay.Template, StartWay.Cold, StartWay.CloudImage };

    private readonly Histogram<double> _stages;
    private readonly Histogram<double> _ready;
    private readonly ConcurrentDictionary<string, long> _failures = new(MachineStage.All.Append(Other).Select(stage => KeyValuePair.Create(stage, 0L)), StringComparer.Ordinal);

    public MachineTimes(IMeterFactory meters)
    {
        var meter = meters.Create(ServerMetrics.MeterName);
        _stages = meter.CreateHistogram("drover.machine.stage.duration", "s", "Time that machines which became active spent in each stage.", advice: s_buckets);
        _ready = meter.CreateHistogram("drover.machine.ready.duration", "s", "From the request to an active host.", advice: s_buckets);
    }

    /// <summary>Machines that failed, by the stage at which they did.</summary>
    public IEnumerable<KeyValuePair<string, long>> Failures => _failures;

    public void Ready(MachineRow machine, double seconds)
    {
        var way = KeyValuePair.Create<string, object?>("way", machine.Fields["way"]?.ToString() is { } told && s_ways.Contains(told) ? told : Other);
        _ready.Record(seconds, way);
        foreach (var stage in StagesOf(machine).Where(stage => stage.Status == StageStatus.Done && stage.FinishedAt >= stage.StartedAt && MachineStage.All.Contains(stage.Stage)))
        {
            _stages.Record((stage.FinishedAt!.Value - stage.StartedAt).TotalSeconds, KeyValuePair.Create<string, object?>("stage", stage.Stage), way);
        }
    }

    public void Failed(MachineRow machine)
    {
        var stage = (machine.Fields["failure"] as JsonObject)?["stage"]?.ToString() ?? Other;
        _failures.AddOrUpdate(MachineStage.All.Contains(stage) ? stage : Other, 1, (_, count) => count + 1);
    }

    private static IReadOnlyList<StageRecord> StagesOf(MachineRow machine)
    {
        try
        {
            return machine.Fields["stages"]?.Deserialize(MachineJson.Default.IReadOnlyListStageRecord) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
