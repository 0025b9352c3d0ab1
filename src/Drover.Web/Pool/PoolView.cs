using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Web.Hosts;

namespace Drover.Web.Pool;

/// <summary>The cluster's pool as the page shows it: templates, and spares that are ready to become hosts.</summary>
/// <param name="Warm">Spares to keep per agent machine and size, or <c>auto</c>.</param>
public sealed record PoolView(string Warm, string Templates, IReadOnlyList<PoolMemberView> Members)
{
    public static PoolView Empty { get; } = new("0", "auto", []);

    /// <summary>Spares that wait for an owner.</summary>
    public int Ready => Members.Count(m => m is { Kind: "warm", State: "ready" });

    /// <summary>There is something to say about it.</summary>
    public bool IsUsed => Warm != "0" || Members.Count > 0;

    /// <summary>Of all schedulers together.</summary>
    public static PoolView Of(IReadOnlyList<CattleResource> pools) => pools.Count == 0 ? Empty : new PoolView(
        pools[0].Text("warm") ?? "0",
        pools[0].Text("templates") ?? "auto",
        [.. pools.SelectMany(p => p.Json["members"] as JsonArray ?? []).OfType<JsonObject>().Select(PoolMemberView.Of).OrderBy(m => m.Hostname, StringComparer.Ordinal).ThenBy(m => m.Kind, StringComparer.Ordinal)]);
}

/// <summary>A template or a spare on one agent machine.</summary>
public sealed record PoolMemberView(string Id, string Kind, string State, string Hostname, string Size, DateTimeOffset? Since, string? Message)
{
    public static PoolMemberView Of(JsonObject member)
    {
        var resource = new CattleResource(member);
        var memory = ByteSize.TryParse(resource.Text("memory"), out var size) ? size.ToDisplayString() : null;
        return new PoolMemberView(
            resource.Text("id") ?? "",
            resource.Text("kind") ?? "",
            resource.Text("state") ?? "",
            resource.Text("hostname") ?? "",
            string.Join(", ", new[] { resource.Text("image"), resource.Number("cpus") is { } cpus ? $"{cpus.ToString("0.##", CultureInfo.InvariantCulture)} CPU" : null, memory }.OfType<string>()),
            DateTimeOffset.TryParse(resource.Text("since"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : null,
            resource.Text("message"));
    }

    public string KindText => Kind == "template" ? "Template" : "Warm spare";

    public string StateText => State switch
    {
        "planned" => "Waits",
        "offered" or "launching" => Kind == "template" ? "Being made" : "Starting",
        "ready" => "Ready",
        "made" => "Made",
        "claimed" => "Taken",
        "stopping" => "Stopping",
        "failed" => "Given up",
        var other => other,
    };

    /// <summary>The one colour of its state.</summary>
    public StatusTone Tone => State switch
    {
        "ready" or "made" => StatusTone.Good,
        "offered" or "launching" or "claimed" => StatusTone.Working,
        "planned" => StatusTone.Waiting,
        "failed" => StatusTone.Failed,
        _ => StatusTone.Off,
    };
}
