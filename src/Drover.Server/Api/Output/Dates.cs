using System.Globalization;
using System.Text.Json.Nodes;

namespace Drover.Server.Api.Output;

/// <summary>Dates as Cattle writes them: whole seconds in UTC, and a twin field in milliseconds.</summary>
internal static class Dates
{
    public static void Write(JsonObject into, string field, DateTimeOffset? time)
    {
        into[field] = time is { } t ? Text(t) : null;
        into[field + "TS"] = time?.ToUnixTimeMilliseconds();
    }

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
