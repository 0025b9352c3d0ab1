using Drover.Api.Cattle;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Web.Session;

/// <summary><c>POST /logout</c>, a plain form of the shell.</summary>
internal static class SignOutEndpoint
{
    public static void MapSignOut(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/logout", SignOutAsync);

    private static async Task SignOutAsync(HttpContext context)
    {
        if (!await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            context.Response.Redirect("/");
            return;
        }

        if (context.Request.Cookies[SessionCookies.Token] is { Length: > 0 } token)
        {
            try
            {
                await context.RequestServices.GetRequiredService<ApiSession>().SignOutAsync(token, context.RequestAborted);
            }
            catch (CattleException)
            {
                // The cookie goes in any case; the token ends by itself in time.
            }
        }

        SessionCookies.SignOut(context);
        context.Response.Redirect("/login");
    }
}
