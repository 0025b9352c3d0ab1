using Microsoft.AspNetCore.Http;

namespace Drover.Web.Session;

/// <summary>The cookies of the pages. <see cref="Token"/> and <see cref="User"/> are closed to scripts; the others are looks and habits.</summary>
internal static class SessionCookies
{
    /// <summary>The session's token, in the name that Rancher 1.x uses, so that the API of the same server accepts it too.</summary>
    public const string Token = "token";

    public const string User = "drover-user";

    /// <summary><c>system</c>, <c>dark</c> or <c>light</c>; written by the page's script.</summary>
    public const string Theme = "drover-theme";

    /// <summary>What the browser's system prefers, <c>dark</c> or <c>light</c>; written by the page's script.</summary>
    public const string Scheme = "drover-scheme";

    /// <summary>Id of the environment that was last worked in; written by the page's script.</summary>
    public const string Environment = "drover-environment";

    public static void SignIn(HttpContext context, string token, string user)
    {
        context.Response.Cookies.Append(Token, token, Closed(context));
        context.Response.Cookies.Append(User, user, Closed(context));
    }

    public static void SignOut(HttpContext context)
    {
        context.Response.Cookies.Delete(Token, Closed(context));
        context.Response.Cookies.Delete(User, Closed(context));
    }

    private static CookieOptions Closed(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
        IsEssential = true,
    };
}
