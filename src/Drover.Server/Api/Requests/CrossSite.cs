using System.Security.Cryptography;
using Drover.Server.Identity;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Requests;

/// <summary>Keeps foreign pages from using a browser's login cookie: a change needs the CSRF cookie's value as a header, a WebSocket our own origin.</summary>
/// <remarks>Keys and Bearer tokens are never sent by a browser on its own, so such requests are exempt (cattle-api §1.1).</remarks>
internal static class CrossSite
{
    private const string Cookie = "CSRF";

    public static void Check(HttpContext http, Caller caller)
    {
        var request = http.Request;
        if (request.Headers.UserAgent.ToString().Contains("mozilla", StringComparison.OrdinalIgnoreCase) && !request.Cookies.ContainsKey(Cookie))
        {
            http.Response.Cookies.Append(Cookie, Convert.ToHexString(RandomNumberGenerator.GetBytes(10)), new CookieOptions { Path = "/", SameSite = SameSiteMode.Strict });
        }

        if (!caller.ByCookie)
        {
            return;
        }

        if (http.WebSockets.IsWebSocketRequest)
        {
            if (request.Headers.Origin.FirstOrDefault() is { Length: > 0 } origin && !string.Equals(origin, RequestOrigin.Of(request), StringComparison.OrdinalIgnoreCase))
            {
                throw ApiError.Forbidden("A page of another site may not open this socket.");
            }

            return;
        }

        var method = AccessRule.MethodOf(request);
        if (method is not ("GET" or "HEAD") && (request.Cookies[Cookie] is not { Length: > 0 } token || request.Headers["X-API-CSRF"] != token))
        {
            throw new ApiError(403, "InvalidCSRFToken", "A change with a login cookie needs the CSRF cookie's value in the header X-API-CSRF.");
        }
    }
}
