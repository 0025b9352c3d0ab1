using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Images;

/// <summary>Images as objects for programs and as tables for people.</summary>
internal static class ImageListing
{
    private static readonly string[] Fields = ["id", "name", "state", "kind", "size", "virtualSize", "digest", "sha256", "source", "created", "machines", "cachedOn", "message"];

    public static Listing Of(IEnumerable<JsonObject> images, DateTimeOffset now) => new([.. images], Columns(now), Fields)
    {
        WhenEmpty = "There are no images yet. Make Drover's own: drover image build. Or add a cloud image: drover image add NAME URL",
    };

    public static JsonObject ToJson(CattleResource image) => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["state"] = image.State,
        ["kind"] = image.Text("kind"),
        ["size"] = image.Number("size"),
        ["virtualSize"] = image.Number("virtualSize"),
        ["digest"] = image.Text("digest"),
        ["sha256"] = image.Text("sha256"),
        ["source"] = image.Text("source"),
        ["created"] = image.Text("created"),
        ["machines"] = image.Array("machines")?.DeepClone(),
        ["cachedOn"] = image.Array("cachedOn")?.DeepClone(),
        ["message"] = image.TransitioningMessage,
    };

    /// <summary>Everything about one, a fact per line.</summary>
    public static void WriteFacts(JsonObject image, CliContext context)
    {
        (string Label, string? Value)[] lines =
        [
            ("Name", image.Text("name")),
            ("State", image.Text("state")),
            ("Says", image.Text("message")),
            ("Kind", image.Text("kind")),
            ("Size", Size(image, "size")),
            ("Disk", Size(image, "virtualSize")),
            ("Digest", image.Text("digest")),
            ("SHA-256", image.Text("sha256")),
            ("Source", image.Text("source") ?? "built here"),
            ("Created", image.Text("created")),
            ("Used by", Names(image, "machines")),
            ("Cached on", Names(image, "cachedOn")),
        ];
        foreach (var (label, value) in lines.Where(line => !string.IsNullOrEmpty(line.Value)))
        {
            context.Console.Out.WriteLine($"{label,-10} {TextSafety.Line(value!)}");
        }
    }

    private static Column[] Columns(DateTimeOffset now) =>
    [
        Column.Of("NAME", "name"),
        Column.Of("STATE", "state", ColumnKind.State),
        Column.Of("KIND", "kind"),
        new("SIZE", row => Size(row, "size"), ColumnKind.Figure),
        new("DISK", row => Size(row, "virtualSize"), ColumnKind.Figure),
        new("DIGEST", row => row.Text("digest") is { Length: > 12 } digest ? digest[..12] : null),
        new("USED BY", row => row["machines"] is JsonArray { Count: > 0 } machines ? machines.Count.ToString(CultureInfo.InvariantCulture) : null, ColumnKind.Figure),
        new("AGE", row => DateTimeOffset.TryParse(row.Text("created"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created) ? Durations.Age(now - created) : null, ColumnKind.Figure),
        new("NOTE", row => row.Text("state") == "active" ? row.Text("source") : row.Text("message")),
    ];

    private static string? Size(JsonObject image, string field) => image.Number(field) is > 0 and var bytes ? new ByteSize((long)bytes).ToDisplayString() : null;

    private static string? Names(JsonObject image, string field) => image[field] is JsonArray { Count: > 0 } names ? string.Join(", ", names.Select(name => name?.ToString())) : null;
}
