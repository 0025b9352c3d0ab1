using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;

namespace Drover.Server.Containers.Access;

/// <summary>What an action or link that leads to a stream answers: where to open it, and with which token.</summary>
internal static class StreamAnswer
{
    public static JsonObject Of(ApiContext context, StreamTokens tokens, string type, StreamRight right) => new()
    {
        ["type"] = type,
        ["links"] = new JsonObject(),
        ["actions"] = new JsonObject(),
        ["url"] = $"ws{context.Origin["http".Length..]}/v1/{right.Kind}/",
        ["token"] = tokens.Sign(right, context.Caller.UserId),
    };
}
