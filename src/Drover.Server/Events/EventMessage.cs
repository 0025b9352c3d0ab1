using System.Text.Json.Nodes;

namespace Drover.Server.Events;

/// <summary>An event on its way to subscribers (cattle-api §2.2).</summary>
internal sealed record EventMessage
{
    public required string Id { get; init; }

    /// <summary>With its suffix: <c>physicalhost.create;handler=x</c>, <c>resource.change;account=5</c>.</summary>
    public required string Name { get; init; }

    public string? ReplyTo { get; init; }

    public string? ResourceType { get; init; }

    /// <summary>Formatted, such as <c>1ph1</c>.</summary>
    public string? ResourceId { get; init; }

    public JsonObject? Data { get; init; }

    public required DateTimeOffset Time { get; init; }

    public long? TimeoutMillis { get; init; }

    public JsonObject? Context { get; init; }

    /// <summary>The frame as a client gets it. Go clients hold <c>previousIds</c>, <c>previousNames</c> and <c>transitioningProgress</c> in strings: always null.</summary>
    public JsonObject ToJson(string deliveredName) => new()
    {
        ["id"] = Id,
        ["name"] = deliveredName,
        ["replyTo"] = ReplyTo,
        ["resourceId"] = ResourceId,
        ["resourceType"] = ResourceType,
        ["data"] = Data?.DeepClone() ?? new JsonObject(),
        ["time"] = Time.ToUnixTimeMilliseconds(),
        ["timeoutMillis"] = TimeoutMillis,
        ["context"] = Context?.DeepClone(),
        ["previousIds"] = null,
        ["previousNames"] = null,
        ["publisher"] = null,
        ["transitioning"] = null,
        ["transitioningMessage"] = null,
        ["transitioningInternalMessage"] = null,
        ["transitioningProgress"] = null,
    };
}
