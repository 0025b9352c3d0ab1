using Drover.Api.Cattle;

namespace Drover.Web.Audit;

/// <summary>An entry of the audit log: who changed what, when, from where.</summary>
public sealed record AuditView
{
    public required string Id { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>Such as <c>api.machine.create</c>.</summary>
    public string Event { get; init; } = "";

    /// <summary>The account that did it.</summary>
    public string Who { get; init; } = "";

    /// <summary>How it proved who it is.</summary>
    public string Way { get; init; } = "";

    public string From { get; init; } = "";

    public string ResourceType { get; init; } = "";

    /// <summary>The resource's id as the pages write it; empty when it has none.</summary>
    public string ResourceId { get; init; } = "";

    public string Says { get; init; } = "";

    public static AuditView Of(CattleResource entry)
    {
        var type = entry.Text("resourceType") ?? "";
        var letters = type switch { "machine" or "physicalHost" => "1ph", "host" => "1h", _ => "" };
        return new AuditView
        {
            Id = entry.Id,
            At = entry.Time("created"),
            Event = entry.Text("eventType") ?? "",
            Who = entry.Text("authenticatedAsAccountId") ?? "",
            Way = entry.Text("authType") ?? "",
            From = entry.Text("clientIp") ?? "",
            ResourceType = type,
            ResourceId = entry.Text("resourceId") is { Length: > 0 } id ? letters + id : "",
            Says = entry.Text("description") ?? "",
        };
    }

    public bool Matches(string[] words) => Array.TrueForAll(words, w => new[] { Event, Who, From, ResourceType, ResourceId, Says }.Any(t => t.Contains(w, StringComparison.OrdinalIgnoreCase)));
}
