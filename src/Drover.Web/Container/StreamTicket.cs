using Drover.Api.Cattle;
using Drover.Web.Session;

namespace Drover.Web.Container;

/// <summary>The way to a WebSocket of the server, for the page's script; or why there is none.</summary>
/// <param name="Again">Asking again may help.</param>
public sealed record StreamTicket(string? Url, string? Token, string? Problem, bool Again)
{
    /// <param name="ask">Asks for a <c>hostAccess</c> or <c>statsAccess</c>.</param>
    /// <param name="may">As of <see cref="Refusal.Sentence"/>.</param>
    internal static async Task<StreamTicket> OfAsync(Func<Task<CattleResource>> ask, string may)
    {
        try
        {
            var access = await ask();
            return new StreamTicket(access.Text("url"), access.Text("token"), null, false);
        }
        catch (CattleException e)
        {
            return new StreamTicket(null, null, Refusal.Sentence(e, may), e.IsTransient);
        }
        catch (OperationCanceledException)
        {
            return new StreamTicket(null, null, "The page was closed.", false);
        }
    }
}
