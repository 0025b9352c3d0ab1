using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;

namespace Drover.Server.Events;

/// <summary><c>POST /v1/publish</c>: answers to events (cattle-api §2.4). 201 also for an answer that nobody waits for any more.</summary>
internal sealed class PublishType : ResourceType
{
    private readonly ProcessReplies _replies;
    private readonly EventRequests _requests;
    private readonly EventHub _hub;
    private readonly TimeProvider _time;

    public PublishType(ProcessReplies replies, EventRequests requests, EventHub hub, TimeProvider time)
    {
        (_replies, _requests, _hub, _time) = (replies, requests, hub, time);
        IsListed = false;
        InTransaction = false;
        Access.Allow(Roles.Service | Roles.Admin | Roles.InEnvironment | Roles.Agent, Verbs.Create);
        Plain("name", "string").Creatable().Required().Length(1, 255);
        foreach (var text in new[] { "id", "resourceId", "resourceType", "publisher", "transitioning", "transitioningInternalMessage" })
        {
            Plain(text, "string").Creatable().Length(0, 255);
        }

        Plain("transitioningMessage", "string").Creatable().Length(0, 8192);
        Plain("previousIds", "array[string]").Creatable();
        Plain("data", "map[json]").Creatable();
        Plain("time", "int").Creatable();
        Plain("transitioningProgress", "int").Creatable();
    }

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var fields = await FieldChecks.ForInputAsync(this, context, Tolerant(body));
        var name = fields["name"]!.GetValue<string>();
        var reply = name.StartsWith(ReplyNames.Prefix, StringComparison.Ordinal);
        if (!reply && !context.Caller.IsRaw)
        {
            throw ApiError.Forbidden("Only answers (reply.…) may be published.");
        }

        if (reply)
        {
            await AnswerAsync(context, name, fields);
        }
        else
        {
            _hub.Publish(new EventMessage
            {
                Id = Text(fields, "id") ?? Guid.NewGuid().ToString(),
                Name = name,
                ResourceType = Text(fields, "resourceType"),
                ResourceId = Text(fields, "resourceId"),
                Data = fields["data"]?.DeepClone() as JsonObject,
                Time = _time.GetUtcNow(),
            });
        }

        var answer = new JsonObject { ["type"] = Name, ["links"] = new JsonObject(), ["actions"] = new JsonObject() };
        foreach (var field in Fields)
        {
            answer[field.Name] = fields[field.Name]?.DeepClone();
        }

        return new ApiResult(201, answer);
    }

    private async Task AnswerAsync(ApiContext context, string name, JsonObject fields)
    {
        // What handlers answer changes resources of all environments: only the control plane's own parts are heard.
        if (context.Caller.Role is not (Roles.Service or Roles.Admin))
        {
            return;
        }

        var previous = (fields["previousIds"] as JsonArray)?.FirstOrDefault();
        var reply = new HandlerReply(
            name,
            previous?.GetValue<string>(),
            Text(fields, "transitioning") is { } transitioning ? transitioning.ToLower(CultureInfo.InvariantCulture) : null,
            Text(fields, "transitioningMessage"),
            fields["transitioningProgress"]?.GetValue<long>() is { } progress ? (int)Math.Clamp(progress, 0, 100) : null,
            fields["data"] as JsonObject);
        if (!_requests.Take(reply))
        {
            await _replies.TakeAsync(reply, context.Aborted);
        }
    }

    /// <summary>Clients send empty texts for numbers that they do not have, and messages of any length.</summary>
    private static JsonObject Tolerant(JsonObject body)
    {
        foreach (var field in new[] { "transitioningProgress", "time" })
        {
            if (body[field] is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0)
            {
                body.Remove(field);
            }
        }

        if (body["transitioningMessage"] is JsonValue message && message.GetValueKind() == JsonValueKind.String && message.GetValue<string>() is { Length: > 8192 } text)
        {
            body["transitioningMessage"] = text[..8192];
        }

        return body;
    }

    private static string? Text(JsonObject fields, string name) => fields[name]?.GetValue<string>() is { Length: > 0 } text ? text : null;
}
