using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Web.Hosts;

namespace Drover.Web.Images;

/// <summary>A guest image as the page shows it.</summary>
public sealed record ImageView(CattleResource Resource)
{
    public string Name => Resource.Id;

    public string? Message => Resource.TransitioningMessage;

    public string? Source => Resource.Text("source");

    public string? Sha256 => Resource.Text("sha256");

    public string? Digest => Resource.Text("digest");

    public int? Progress => Resource.Number("transitioningProgress") is { } percent ? (int)percent : null;

    public DateTimeOffset? Created => Resource.Time("created");

    public ByteSize? Size => Resource.Number("size") is > 0 and { } bytes ? new ByteSize((long)bytes) : null;

    public ByteSize? Disk => Resource.Number("virtualSize") is > 0 and { } bytes ? new ByteSize((long)bytes) : null;

    public IReadOnlyList<string> Machines => Texts("machines");

    public IReadOnlyList<string> CachedOn => Texts("cachedOn");

    public string Kind => Resource.Text("kind") switch
    {
        ImageKind.Bios => "cloud image, BIOS",
        ImageKind.Uefi => "cloud image, UEFI",
        _ => "Drover's own",
    };

    /// <summary>Something goes on by itself.</summary>
    public bool Moves => Resource.State is "fetching" or "checking" or "publishing";

    public HostStatus Status => Resource.State switch
    {
        "active" => new("active", "Ready", StatusTone.Good),
        "fetching" => new("fetching", Progress is { } percent ? $"Fetching {percent} %" : "Fetching", StatusTone.Working),
        "checking" => new("checking", "Checking", StatusTone.Working),
        "publishing" => new("publishing", "Placing", StatusTone.Working),
        "unconfirmed" => new("unconfirmed", "To be confirmed", StatusTone.Waiting),
        "broken" => new("broken", "Broken", StatusTone.Failed),
        "failed" => new("failed", "Failed", StatusTone.Failed),
        var other => new(other ?? "", other ?? "Unknown", StatusTone.Off),
    };

    public bool May(string action) => Resource.ActionUrl(action) is not null;

    private string[] Texts(string field) => [.. (Resource.Array(field) ?? []).OfType<JsonValue>().Select(value => value.ToString())];
}
