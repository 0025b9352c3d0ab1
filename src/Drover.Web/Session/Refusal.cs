using Drover.Api.Cattle;

namespace Drover.Web.Session;

/// <summary>Why the server did not do something, as a sentence for a person.</summary>
internal static class Refusal
{
    /// <param name="may">What someone without the right is told that he may not do: <c>change hosts of it</c>.</param>
    public static string Sentence(CattleException e, string may) => e switch
    {
        { Status: 401 } => "Your session has ended. Sign in again.",
        { Status: 403 } => $"You may look at this environment, but not {may}. Ask one of its owners.",
        { Status: 503, Detail: { Length: > 0 } detail } => detail,
        { IsTransient: true } => $"The server does not answer: {e.Message} Try again in a moment.",
        { Detail: { Length: > 0 } detail } => detail,
        _ => e.Message,
    };
}
