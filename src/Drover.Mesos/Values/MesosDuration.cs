using System.Globalization;

namespace Drover.Mesos;

/// <summary>Durations as Mesos writes them in environment variables and flags: <c>15mins</c>, <c>2secs</c>, <c>1.5hrs</c>.</summary>
public static class MesosDuration
{
    /// <summary>Units with their length in nanoseconds, longest first.</summary>
    private static readonly (string Name, long Nanoseconds)[] Units =
    [
        ("weeks", 604_800_000_000_000),
        ("days", 86_400_000_000_000),
        ("hrs", 3_600_000_000_000),
        ("mins", 60_000_000_000),
        ("secs", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];

    /// <summary>False for anything but a decimal number directly followed by one of Mesos' eight units, or too long for a <see cref="TimeSpan"/>.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (name, nanoseconds) in Units)
        {
            if (text is null || !text.EndsWith(name, StringComparison.Ordinal))
            {
                continue;
            }

            if (!decimal.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out var number) || Math.Abs(number) > long.MaxValue / nanoseconds)
            {
                return false;
            }

            duration = new TimeSpan((long)(number * nanoseconds / TimeSpan.NanosecondsPerTick));
            return true;
        }

        return false;
    }

    /// <exception cref="FormatException">The text is no such duration.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration) ? duration : throw new FormatException($"'{text}' is not a Mesos duration such as 15mins or 2secs.");

    /// <summary>In the largest unit that gives a whole number: <c>15mins</c>, but <c>90secs</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var nanoseconds = duration.Ticks * TimeSpan.NanosecondsPerTick;
        foreach (var (name, unit) in Units)
        {
            if (nanoseconds != 0 && nanoseconds % unit == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / unit}{name}");
            }
        }

        return "0ns";
    }
}
