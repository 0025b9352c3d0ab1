using Drover.Api.Cattle;
using Drover.Web.Hosts;

namespace Drover.Web.Processes;

/// <summary>A durable change of a resource, as the page shows it.</summary>
public sealed record ProcessView
{
    public required string Id { get; init; }

    /// <summary>Such as <c>physicalhost.create</c>.</summary>
    public required string Name { get; init; }

    public required HostStatus Status { get; init; }

    public string ResourceType { get; init; } = "";

    public string ResourceId { get; init; } = "";

    public DateTimeOffset? Begun { get; init; }

    public DateTimeOffset? Ended { get; init; }

    /// <summary>How often it was begun again.</summary>
    public int Attempts { get; init; }

    /// <summary>Where it stands, or why it failed.</summary>
    public string? Message { get; init; }

    public bool MayRetry { get; init; }

    public static ProcessView Of(CattleResource process) => new()
    {
        Id = process.Id,
        Name = process.Text("processName") ?? process.Id,
        Status = StatusOf(process.Text("phase"), process.Text("exitReason"), process.Text("result")),
        ResourceType = process.Text("resourceType") ?? "",
        ResourceId = process.Text("resourceId") ?? "",
        Begun = process.Time("startTime"),
        Ended = process.Time("endTime"),
        Attempts = (int)(process.Number("attempt") ?? 0),
        Message = process.Text("message"),
        MayRetry = process.ActionUrl("retry") is not null,
    };

    private static HostStatus StatusOf(string? phase, string? exit, string? result) => (phase, exit, result) switch
    {
        (_, "DONE", _) or (_, null, "SUCCESS") => new("done", "Done", StatusTone.Good),
        (_, "CANCELLED", _) => new("cancelled", "Cancelled", StatusTone.Off),
        (_, { Length: > 0 }, _) or (_, _, "FAILED") => new("failed", "Failed", StatusTone.Failed),
        ("waiting" or "requested", _, _) => new("waiting", "Waits", StatusTone.Working),
        _ => new("running", "Runs", StatusTone.Working),
    };
}
