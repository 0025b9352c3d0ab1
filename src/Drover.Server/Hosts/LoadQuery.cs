using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;

namespace Drover.Server.Hosts;

/// <summary>Which part of a host's past is asked for: <c>?span=1h</c> or <c>?since=2026-03-01T11:00:00Z&amp;step=60</c>.</summary>
/// <param name="First">Minute of the first value.</param>
/// <param name="Count">Values.</param>
/// <param name="Step">Minutes of each.</param>
internal sealed record LoadQuery(uint First, int Count, int Step)
{
    private const int DayMinutes = LoadPast.Hours * 60;

    /// <summary>Minutes, and the step where none is named: a few hundred values, which is what a chart can show.</summary>
    private static readonly Dictionary<string, (int Minutes, int Step)> s_spans = new(StringComparer.OrdinalIgnoreCase) { ["1h"] = (60, 1), ["6h"] = (360, 2), ["24h"] = (DayMinutes, 5) };

    /// <summary>Null where the live samples are meant: nothing is said, or <c>span=5m</c>.</summary>
    /// <exception cref="ApiError">It makes no sense; the error says what would.</exception>
    public static LoadQuery? Read(Func<string, string?> parameter, DateTimeOffset now)
    {
        var (span, since, step) = (parameter("span"), parameter("since"), parameter("step"));
        if ((span is null && since is null && step is null) || "5m".Equals(span, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var last = LoadMinute.Of(now);
        var known = span is null ? (Minutes: SinceOf(since, last), Step: 1)
            : s_spans.TryGetValue(span, out var named) ? named
            : throw ApiError.Invalid("InvalidOption", "span", $"span is 5m, {string.Join(", ", s_spans.Keys)}; '{span}' is none of them.");
        var minutes = StepOf(step) ?? known.Step;

        // Whole steps of the clock, so that the same minute is in the same value however often one asks.
        var first = (last + 1 - (uint)known.Minutes) / (uint)minutes * (uint)minutes;
        return new LoadQuery(first, (int)((last - first) / (uint)minutes) + 1, minutes);
    }

    /// <summary>A column per figure, for charts; a value is null where nothing is known of its time.</summary>
    public JsonObject Write(IReadOnlyList<LoadMinute> minutes)
    {
        var values = minutes.GroupBy(m => (int)((m.Minute - First) / Step)).ToDictionary(g => g.Key, g => LoadMinute.Mean(g.First().Minute, [.. g]));
        return new JsonObject
        {
            ["type"] = "hostLoadHistory",
            ["since"] = DateTimeOffset.FromUnixTimeSeconds(First * 60L).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["step"] = Step * 60,
            ["cpuPercent"] = Column(m => Math.Round(m.Cpu, 1)),
            ["cpuPercentMax"] = Column(m => Math.Round(m.CpuMax, 1)),
            ["memoryUsedBytes"] = Column(m => Math.Round(m.Memory)),
            ["diskUsedBytes"] = Column(m => Math.Round(m.Disk)),
            ["networkReceive"] = Column(m => Math.Round(m.Received, 1)),
            ["networkSend"] = Column(m => Math.Round(m.Sent, 1)),
            ["load1"] = Column(m => Math.Round(m.Load1, 2)),
        };

        JsonArray Column(Func<LoadMinute, double> of) => new([.. Enumerable.Range(0, Count).Select(i => values.TryGetValue(i, out var value) ? (JsonNode?)of(value) : null)]);
    }

    private static int SinceOf(string? text, uint last)
    {
        if (text is null)
        {
            return DayMinutes;
        }

        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) || since < DateTimeOffset.UnixEpoch)
        {
            throw ApiError.Invalid("InvalidDateFormat", "since", $"since is a time such as 2026-03-01T11:00:00Z; '{text}' is none.");
        }

        return (int)Math.Clamp((long)last - LoadMinute.Of(since) + 1, 1, DayMinutes);
    }

    private static int? StepOf(string? text) =>
        text is null ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 60 and <= 3600 && seconds % 60 == 0 ? seconds / 60
        : throw ApiError.Invalid("InvalidOption", "step", $"step is a number of whole minutes in seconds, from 60 to 3600; '{text}' is none.");
}
