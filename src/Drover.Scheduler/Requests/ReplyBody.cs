using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Scheduler.Requests;

/// <summary>The body of <c>POST publish</c> for a reply (cattle-api §2.4).</summary>
internal static class ReplyBody
{
    public static JsonObject Of(PendingReply to, CattleReply reply)
    {
        var body = new JsonObject { ["name"] = to.ReplyTo, ["previousIds"] = new JsonArray(to.EventId) };
        if (reply.Transitioning is not null)
        {
            body["transitioning"] = reply.Transitioning;
        }

        if (reply.Message is not null)
        {
            body["transitioningMessage"] = reply.Message;
        }

        if (reply.Progress is not null)
        {
            body["transitioningProgress"] = reply.Progress;
        }

        if (reply.Data is not null)
        {
            body["data"] = reply.Data.DeepClone();
        }

        return body;
    }
}
