using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Hosts;

namespace Drover.Web.Containers;

/// <summary>One container as the pages show it. Compact, because ten thousand of them are kept; immutable, so that a row can tell by reference whether to draw.</summary>
public sealed record ContainerView
{
    /// <summary>By which the server finds again what it made; it tells a person nothing.</summary>
    private const string OurLabel = "io.rancher.container.uuid";

    public required string Id { get; init; }

    public required string Name { get; init; }

    public required HostStatus Status { get; init; }

    public string? HostId { get; init; }

    /// <summary>Docker's id.</summary>
    public string? DockerId { get; init; }

    public string Image { get; init; } = "";

    public string? Address { get; init; }

    public IReadOnlyList<string> Ports { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    public DateTimeOffset? Created { get; init; }

    /// <summary>What happens to it, or why it failed; null when it just is what it is.</summary>
    public string? Message { get; init; }

    /// <summary>0 to 1 of what its image has to be pulled; null when nothing is pulled, or nobody knows how much.</summary>
    public double? Pulled { get; init; }

    public int? ExitCode { get; init; }

    /// <summary><c>healthy</c>, <c>unhealthy</c> or <c>starting</c>; null without a health check.</summary>
    public string? Health { get; init; }

    public ContainerVerbs Offers { get; init; }

    /// <summary>One line beside its state: what happens, how it ended, how it feels.</summary>
    public string? Detail => Message ?? (Status.Tone == StatusTone.Good ? Health : null);

    public string ShortDockerId => DockerId is { Length: > 12 } id ? id[..12] : DockerId ?? Id;

    public bool Offered(ContainerVerbs verb) => (Offers & verb) != ContainerVerbs.None;

    /// <summary>Whether it looks the same; a list that is read again then changes nothing on the page.</summary>
    public bool Equals(ContainerView? other) =>
        other is not null
        && (Id, Name, Status, HostId, DockerId, Image) == (other.Id, other.Name, other.Status, other.HostId, other.DockerId, other.Image)
        && (Address, Created, Message, Pulled, ExitCode, Health, Offers) == (other.Address, other.Created, other.Message, other.Pulled, other.ExitCode, other.Health, other.Offers)
        && Ports.SequenceEqual(other.Ports, StringComparer.Ordinal)
        && Labels.SequenceEqual(other.Labels);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Id);

    public static ContainerView Of(CattleResource resource, Words words)
    {
        var state = words.Keep(resource.State ?? "unknown");
        var docker = resource.Text("status");
        var health = HealthOf(docker);
        var exit = (int?)resource.Number("exitCode") ?? ExitOf(docker);
        var turning = resource.Transitioning is "yes" or "error" || state == "error";
        return new ContainerView
        {
            Id = resource.Id,
            Name = string.IsNullOrWhiteSpace(resource.Name) ? resource.Id : resource.Name,
            Status = ContainerStatus.Of(state, resource.Text("dockerState"), health, exit),
            HostId = words.Keep(resource.Text("hostId")),
            DockerId = resource.Text("externalId"),
            Image = words.Keep(ImageOf(resource)),
            Address = resource.Text("primaryIpAddress"),
            Ports = TextsOf(resource.Array("ports"), words),
            Labels = [.. (resource.Object("labels") ?? []).Where(l => l.Key != OurLabel).Select(l => KeyValuePair.Create(words.Keep(l.Key), words.Keep(Text(l.Value) ?? "")))],
            Created = resource.Time("created"),
            Message = turning && resource.TransitioningMessage is { Length: > 0 } message and not "In Progress" ? message : null,
            Pulled = PulledOf(resource),
            ExitCode = state == "running" ? null : exit,
            Health = health,
            Offers = ContainerVerbsOf.Actions(resource.Object("actions")),
        };
    }

    private static string ImageOf(CattleResource resource) =>
        resource.Text("image") ?? (resource.Text("imageUuid") is { } uuid ? uuid.StartsWith("docker:", StringComparison.Ordinal) ? uuid[7..] : uuid : "");

    private static double? PulledOf(CattleResource resource)
    {
        if (resource.Object("pull") is { } pull)
        {
            var sizes = new CattleResource(pull);
            return sizes.Number("total") is > 0 and { } total && sizes.Number("current") is { } current ? Math.Clamp(current / total, 0, 1) : null;
        }

        return resource.Transitioning == "yes" && resource.TransitioningProgress is > 0 and { } percent ? percent / 100.0 : null;
    }

    /// <summary>Docker's sentence names it: <c>Exited (3) 2 minutes ago</c>.</summary>
    private static int? ExitOf(string? sentence) =>
        sentence is not null && sentence.StartsWith("Exited (", StringComparison.Ordinal) && sentence.IndexOf(')', StringComparison.Ordinal) is > 8 and var end
        && int.TryParse(sentence.AsSpan(8, end - 8), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code)
            ? code
            : null;

    /// <summary>Docker's sentence names it: <c>Up 2 minutes (healthy)</c>. Its times are those of when it was said, and not shown.</summary>
    private static string? HealthOf(string? sentence) => sentence switch
    {
        null => null,
        _ when sentence.EndsWith("(healthy)", StringComparison.Ordinal) => "healthy",
        _ when sentence.EndsWith("(unhealthy)", StringComparison.Ordinal) => "unhealthy",
        _ when sentence.EndsWith("(health: starting)", StringComparison.Ordinal) => "starting",
        _ => null,
    };

    private static IReadOnlyList<string> TextsOf(JsonArray? array, Words words) => array is null or { Count: 0 } ? [] : [.. array.Select(Text).OfType<string>().Select(t => words.Keep(t))];

    private static string? Text(JsonNode? node) => node is JsonValue value ? value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString() : null;
}
