using System.Globalization;
using System.Net;

namespace Drover.Cli.Local;

/// <summary>Where page and API listen: <c>HOST:PORT</c> with an address of this machine, or <c>localhost</c>.</summary>
internal sealed record ListenAddress(IPEndPoint EndPoint)
{
    public const string Default = "127.0.0.1:8080";

    public int Port => EndPoint.Port;

    public static bool TryParse(string text, out ListenAddress address)
    {
        address = new ListenAddress(new IPEndPoint(IPAddress.Loopback, 0));
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon] : "";
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
        {
            return false;
        }

        // An address with colons must stand in brackets, or its last part would be taken for the port.
        var bare = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
        if (host == "localhost")
        {
            address = new ListenAddress(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }

        if (!IPAddress.TryParse(bare, out var ip) || (bare == host && bare.Contains(':', StringComparison.Ordinal)))
        {
            return false;
        }

        address = new ListenAddress(new IPEndPoint(ip, port));
        return true;
    }

    public override string ToString() => EndPoint.ToString();
}
