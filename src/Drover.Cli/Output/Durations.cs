using System.Globalization;

namespace Drover.Cli.Output;

/// <summary>Times as people write and read them.</summary>
internal static class Durations
{
    /// <summary>Reads <c>90</c> (seconds), <c>90s</c>, <c>10m</c>, <c>1.5h</c>, <c>250ms</c>, <c>1d</c>. False for anything else, zero, or more than 365 days.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var trimmed = text.Trim();
        var digits = trimmed.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (!double.TryParse(trimmed.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        double? seconds = trimmed[digits..] switch
        {
            "" or "s" => number,
            "ms" => number / 1000,
            "m" or "min" => number * 60,
            "h" => number * 3600,
            "d" => number * 86400,
            _ => null,
        };
        if (seconds is not (> 0 and <= 365 * 86400d))
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(seconds.Value);
        return true;
    }

    /// <summary><c>0.4 s</c>, <c>14.2 s</c>, <c>3 min 5 s</c>, <c>2 h 10 min</c>, <c>3 d</c>.</summary>
    public static string Display(TimeSpan span) => span switch
    {
        { Ticks: < 0 } => "0.0 s",
        { TotalSeconds: < 99.95 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } => $"{(int)span.TotalMinutes} min {span.Seconds} s",
        { TotalDays: < 2 } => $"{(int)span.TotalHours} h {span.Minutes} min",
        _ => $"{(int)span.TotalDays} d",
    };

    /// <summary>An age in one unit: <c>12 s</c>, <c>5 min</c>, <c>3 h</c>, <c>9 d</c>.</summary>
    public static string Age(TimeSpan span) => span switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalMinutes: < 2 } => $"{(int)span.TotalSeconds} s",
        { TotalHours: < 2 } => $"{(int)span.TotalMinutes} min",
        { TotalDays: < 2 } => $"{(int)span.TotalHours} h",
        _ => $"{(int)span.TotalDays} d",
    };
}
