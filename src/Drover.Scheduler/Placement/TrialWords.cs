using System.Globalization;

namespace Drover.Scheduler.Placement;

/// <summary>What a trial found, for people.</summary>
internal static class TrialWords
{
    private const int MostNamed = 3;
    private static readonly TimeSpan s_old = TimeSpan.FromMinutes(1);

    public static string Describe(TrialResult result, int count, KnownCluster cluster, DateTimeOffset now)
    {
        var sentences = new List<string> { Outcome(result, count) };
        if (result.Waiting is { } waiting)
        {
            sentences.Add(Reason(waiting.Reason));
            sentences.AddRange(new[] { waiting.Suggestion }.OfType<string>());
        }

        if (cluster.Queue.Count > 0)
        {
            sentences.Add(cluster.Queue.Count == 1 ? "One host waits already and comes first." : $"{cluster.Queue.Count} hosts wait already and come first.");
        }

        if (cluster.Oldest is { } oldest && now - oldest > s_old)
        {
            sentences.Add(string.Create(CultureInfo.InvariantCulture, $"As last known {Math.Round((now - oldest).TotalMinutes)} min ago."));
        }

        return string.Join(' ', sentences);
    }

    private static string Outcome(TrialResult result, int count)
    {
        var places = string.Join(", ", result.Agents.Take(MostNamed).Select(agent => count == 1 ? agent.Hostname : $"{agent.Count} on {agent.Hostname}"))
            + (result.Agents.Count > MostNamed ? $" and {result.Agents.Count - MostNamed} more agents" : "");
        return (result.Fits, count) switch
        {
            _ when result.Places.Count == 0 => "It is not known now where it would fit.",
            (0, 1) => "It would wait.",
            (0, _) => "All of them would wait.",
            (1, 1) => $"Fits now on {places}{Others(result.Places.Count(place => place.Misfit is null) - 1)}.",
            var (fits, all) when fits == all => $"All {count} fit now: {places}.",
            var (fits, _) => $"{fits} of {count} fit now ({places}); the others would wait.",
        };
    }

    private static string Others(int count) => count switch
    {
        <= 0 => "",
        1 => "; one other agent would do as well",
        _ => $"; {count} other agents would do as well",
    };

    /// <summary>The words for a machine that waits, said of one that might.</summary>
    private static string Reason(string reason) => reason.Replace("Waiting for an offer: needs", "Each needs", StringComparison.Ordinal);
}
