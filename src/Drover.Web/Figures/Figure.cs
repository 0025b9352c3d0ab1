using System.Globalization;
using Drover.Api;

namespace Drover.Web.Figures;

/// <summary>Numbers as people read them: a value and a unit, never more digits than one needs.</summary>
internal static class Figure
{
    /// <summary><c>0.4 s</c>, <c>12.3 s</c>, <c>2 min 05 s</c>, <c>1 h 02 min</c>, <c>3 d 4 h</c>.</summary>
    public static string Span(TimeSpan span)
    {
        var seconds = Math.Max(0, span.TotalSeconds);
        return seconds switch
        {
            < 59.95 => Invariant($"{seconds:0.0} s"),
            < 3600 => Invariant($"{(int)span.TotalMinutes} min {span.Seconds:00} s"),
            < 86400 => Invariant($"{(int)span.TotalHours} h {span.Minutes:00} min"),
            _ => Invariant($"{(int)span.TotalDays} d {span.Hours} h"),
        };
    }

    public static string Seconds(double seconds) => Span(TimeSpan.FromSeconds(seconds));

    /// <summary>A time that still runs: whole seconds, as <c>14 s</c>.</summary>
    public static string Running(TimeSpan span) =>
        span.TotalSeconds < 60 ? Invariant($"{Math.Max(0, (int)span.TotalSeconds)} s") : Span(span);

    /// <summary><c>just now</c>, <c>12 s ago</c>, <c>5 min ago</c>, <c>3 h ago</c>, <c>2 d ago</c>.</summary>
    public static string Ago(TimeSpan span) => span.TotalSeconds switch
    {
        < 5 => "just now",
        < 60 => Invariant($"{(int)span.TotalSeconds} s ago"),
        < 3600 => Invariant($"{(int)span.TotalMinutes} min ago"),
        < 172800 => Invariant($"{(int)span.TotalHours} h ago"),
        _ => Invariant($"{(int)span.TotalDays} d ago"),
    };

    /// <summary>The exact time for the hover, in UTC because the server cannot know where the reader is.</summary>
    public static string Exact(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Percent(double percent) => Invariant($"{Math.Clamp(percent, 0, 100):0} %");

    public static string Bytes(long bytes) => new ByteSize(bytes).ToDisplayString();

    /// <summary>Bytes per second.</summary>
    public static string Rate(double bytesPerSecond) => new ByteSize((long)Math.Max(0, bytesPerSecond)).ToDisplayString() + "/s";

    /// <summary><c>1.2 of 4 GiB</c>: both in the unit of the total, unless that would make a zero of what is used.</summary>
    public static string Of(long used, long total)
    {
        var whole = Bytes(total);
        if (used <= 0 || total <= 0)
        {
            return $"{Bytes(Math.Max(0, used)).Split(' ')[0]} of {whole}";
        }

        var unit = total / double.Parse(whole[..whole.LastIndexOf(' ')], CultureInfo.InvariantCulture);
        return used / unit >= 0.05 ? Invariant($"{used / unit:0.#} of {whole}") : $"{Bytes(used)} of {whole}";
    }

    public static string Cpus(double cpus) => cpus == 1 ? "1 CPU" : Invariant($"{cpus:0.##} CPUs");

    public static string Count(int count, string one, string many) => Invariant($"{count:N0} {(count == 1 ? one : many)}");

    /// <summary>A CSS number.</summary>
    public static string Css(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
