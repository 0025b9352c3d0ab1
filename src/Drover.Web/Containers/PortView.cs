using System.Globalization;

namespace Drover.Web.Containers;

/// <summary>A port of a container, as the API writes it: <c>8080:80/tcp</c>, or <c>80/tcp</c> when it is not published.</summary>
internal sealed record PortView(int? Public, string Private, string Protocol)
{
    public static PortView Of(string text)
    {
        var (ports, protocol) = text.Split('/', 2) is [var p, var q] ? (p, q) : (text, "tcp");
        var parts = ports.Split(':');
        var at = parts.Length > 1 && int.TryParse(parts[^2], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (int?)null;
        return new PortView(at, parts[^1], protocol);
    }

    /// <summary><c>8080→80</c>, <c>53→53/udp</c>, <c>80</c>.</summary>
    public string Text => string.Concat(Public is { } port ? $"{port.ToString(CultureInfo.InvariantCulture)}→{Private}" : Private, Protocol == "tcp" ? "" : $"/{Protocol}");

    /// <summary>Where a browser finds it; null when nobody can.</summary>
    public string? Href(string? address) =>
        Public is { } port && Protocol == "tcp" && address is { Length: > 0 } ? $"http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port.ToString(CultureInfo.InvariantCulture)}" : null;
}
