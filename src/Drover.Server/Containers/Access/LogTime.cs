using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Drover.Server.Api.Requests;

namespace Drover.Server.Containers.Access;

/// <summary>From when on a log is wanted, as people write it, for Docker: seconds since 1970 with a fraction.</summary>
internal static partial class LogTime
{
    public static JsonNode Check(JsonNode value) => (string)value! is "" || ToDocker((string)value!, DateTimeOffset.UnixEpoch) is not null
        ? value
        : throw ApiError.Invalid("InvalidFormat", "since", "Write a time (2026-01-31T08:00:00Z), seconds since 1970, or how long ago (90s, 10m, 24h, 7d).");

    /// <returns>Null for what is none of them.</returns>
    public static string? ToDocker(string text, DateTimeOffset now)
    {
        if (Duration().Match(text) is { Success: true } ago && double.TryParse(ago.Groups["n"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
        {
            return Seconds(now - (ago.Groups["unit"].Value switch
            {
                "s" => TimeSpan.FromSeconds(count),
                "m" => TimeSpan.FromMinutes(count),
                "h" => TimeSpan.FromHours(count),
                _ => TimeSpan.FromDays(count),
            }));
        }

        if (Number().IsMatch(text))
        {
            return text;
        }

        // Docker's time stamps have nanoseconds, and a date here has seven digits: the rest is passed on as it came.
        var fraction = Fraction().Match(text);
        return DateTimeOffset.TryParse(fraction.Success ? text.Remove(fraction.Index, fraction.Length) : text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? $"{time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}{(fraction.Success ? fraction.Value : "")}"
            : null;
    }

    private static string Seconds(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"{time.ToUnixTimeMilliseconds() / 1000m:0.000}");

    [GeneratedRegex("^(?<n>[0-9]{1,6}(?:\\.[0-9]{1,3})?)(?<unit>[smhd])$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Duration();

    [GeneratedRegex("^[0-9]{1,11}(?:\\.[0-9]{1,9})?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Number();

    [GeneratedRegex("(?<=[0-9])\\.[0-9]{1,9}(?=Z|[+-][0-9]{2}:?[0-9]{2}$|$)", RegexOptions.ExplicitCapture)]
    private static partial Regex Fraction();
}
