using Drover.Api.Cattle;
using Drover.Web.Hosts;

namespace Drover.Web.Keys;

/// <summary>An API key: what one may know of it once its secret has been shown.</summary>
public sealed record KeyView
{
    public required string Id { get; init; }

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    /// <summary>The access key.</summary>
    public string Access { get; init; } = "";

    public required HostStatus Status { get; init; }

    public DateTimeOffset? Created { get; init; }

    public bool MayActivate { get; init; }

    public bool MayDeactivate { get; init; }

    public bool MayRemove { get; init; }

    public string Title => Name.Length > 0 ? Name : Access;

    public static KeyView Of(CattleResource key) => new()
    {
        Id = key.Id,
        Name = key.Name ?? "",
        Description = key.Text("description") ?? "",
        Access = key.Text("publicValue") ?? "",
        Created = key.Time("created"),
        MayActivate = key.ActionUrl("activate") is not null,
        MayDeactivate = key.ActionUrl("deactivate") is not null,
        MayRemove = key.ActionUrl("remove") is not null,
        Status = key.State switch
        {
            "active" => new("active", "Active", StatusTone.Good),
            "inactive" => new("inactive", "Off", StatusTone.Off),
            "registering" or "activating" or "deactivating" or "removing" => new(key.State, "Changing", StatusTone.Working),
            var other => new(other ?? "", other ?? "Unknown", StatusTone.Off),
        },
    };
}
