using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Server.Containers;

/// <summary>Docker's sentence about a container (<c>Up 2 minutes</c>, <c>Exited (3) 5 seconds ago</c>) as it would be now: it was told once, and time goes on.</summary>
/// <remarks>The words are those of Docker's own <c>units.HumanDuration</c>.</remarks>
internal static partial class DockerStatus
{
    public static string Now(string told, TimeSpan ago)
    {
        if (Duration().Match(told) is not { Success: true } match || Read(match) is not { } was)
        {
            return told;
        }

        return string.Concat(told.AsSpan(0, match.Index), Write(was + ago), told.AsSpan(match.Index + match.Length));
    }

    private static TimeSpan? Read(Match match)
    {
        var count = match.Groups["n"] is { Success: true } n ? double.Parse(n.ValueSpan, CultureInfo.InvariantCulture) : 1;
        return match.Groups["unit"].Value.TrimEnd('s') switch
        {
            _ when match.Value.StartsWith("Less", StringComparison.Ordinal) => TimeSpan.Zero,
            "second" => TimeSpan.FromSeconds(count),
            "minute" => TimeSpan.FromMinutes(count),
            "hour" => TimeSpan.FromHours(count),
            "day" => TimeSpan.FromDays(count),
            "week" => TimeSpan.FromDays(count * 7),
            "month" => TimeSpan.FromDays(count * 30),
            "year" => TimeSpan.FromDays(count * 365),
            _ => null,
        };
    }

    private static string Write(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalSeconds: < 60 } => $"{(int)span.TotalSeconds} seconds",
        { TotalMinutes: < 2 } => "About a minute",
        { TotalMinutes: < 60 } => $"{(int)span.TotalMinutes} minutes",
        { TotalHours: < 1.5 } => "About an hour",
        { TotalHours: < 48 } => $"{(int)Math.Round(span.TotalHours)} hours",
        { TotalDays: < 14 } => $"{(int)span.TotalDays} days",
        { TotalDays: < 60 } => $"{(int)(span.TotalDays / 7)} weeks",
        { TotalDays: < 730 } => $"{(int)(span.TotalDays / 30)} months",
        _ => $"{(int)(span.TotalDays / 365)} years",
    };

    [GeneratedRegex("Less than a second|About an? (?<unit>minute|hour)|(?<n>[0-9]{1,6}) (?<unit>seconds?|minutes?|hours?|days?|weeks?|months?|years?)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Duration();
}
