using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Requests;

/// <summary>The address by which the client reached us: what a proxy says, else the Host header (cattle-api §1.1).</summary>
internal static class RequestOrigin
{
    public static string Of(HttpRequest request)
    {
        var scheme = First(request, "X-Forwarded-Proto") is "https" or "wss" ? "https" : First(request, "X-Forwarded-Proto") is { Length: > 0 } ? "http" : request.Scheme;
        var host = First(request, "X-Forwarded-Host") is { Length: > 0 } forwarded && HostString.FromUriComponent(forwarded).Host.Length > 0
            ? HostString.FromUriComponent(forwarded)
            : request.Host;
        if (First(request, "X-Forwarded-Port") is { } text && int.TryParse(text, out var port) && port is > 0 and < 65536)
        {
            host = port is 80 or 443 ? new HostString(host.Host) : new HostString(host.Host, port);
        }

        return $"{scheme}://{host.ToUriComponent()}";
    }

    private static string? First(HttpRequest request, string header) => request.Headers[header].FirstOrDefault()?.Split(',')[0].Trim();
}
