using System.Text.Json.Nodes;

namespace Drover.Api.Cattle;

/// <summary>An event of <c>/v1/subscribe</c>: one JSON object per text frame (Rancher 1.x, go-rancher events.Event).</summary>
public sealed class CattleEvent(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string Id => (Json["id"] as JsonValue)?.GetValue<string>() ?? "";

    /// <summary>Such as <c>resource.change</c> or <c>physicalhost.create;handler=NAME</c>.</summary>
    public string Name => (Json["name"] as JsonValue)?.GetValue<string>() ?? "";

    /// <summary>The name before the first <c>;</c>.</summary>
    public string BaseName => Name.Split(';', 2)[0];

    /// <summary>Where an answer must be published to; null when none is wanted.</summary>
    public string? ReplyTo => (Json["replyTo"] as JsonValue)?.GetValue<string>();

    public string? ResourceId => (Json["resourceId"] as JsonValue)?.GetValue<string>();

    public string? ResourceType => (Json["resourceType"] as JsonValue)?.GetValue<string>();

    public JsonObject? Data => Json["data"] as JsonObject;

    /// <summary>In a <c>resource.change</c>: the resource as a GET would show it.</summary>
    public CattleResource? Resource => Data?["resource"] is JsonObject resource ? new CattleResource(resource) : null;
}

/// <summary>What a handler answers to an event; published to its <c>replyTo</c> with <c>previousIds = [event id]</c>.</summary>
public sealed record CattleReply
{
    /// <summary>Null: done. <c>yes</c>: progress, and the server's clock starts again. <c>error</c>: failed.</summary>
    public string? Transitioning { get; init; }

    public string? Message { get; init; }

    /// <summary>0 to 100.</summary>
    public int? Progress { get; init; }

    /// <summary>Merged into the resource; keys that begin with <c>+</c> merge into an existing map.</summary>
    public JsonObject? Data { get; init; }

    public static CattleReply Done(JsonObject? data = null) => new() { Data = data };

    public static CattleReply InProgress(string message, int? progress = null, JsonObject? data = null) =>
        new() { Transitioning = "yes", Message = message, Progress = progress, Data = data };

    public static CattleReply Failed(string message, JsonObject? data = null) => new() { Transitioning = "error", Message = message, Data = data };
}
