using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Hosts as objects for programs and as a table for people.</summary>
internal static class HostListing
{
    private static readonly string[] Fields =
    [
        "id", "hostId", "name", "state", "stage", "message", "cpus", "memory", "disk", "image", "network", "address", "agent",
        "accelerator", "way", "readySeconds", "created", "protected", "deleteAt", "labels", "dockerVersion", "kernel",
    ];

    public static Listing Of(IEnumerable<HostRow> rows, DateTimeOffset now) => new([.. rows.Select(ToJson)], Columns(now), Fields)
    {
        WhenEmpty = "There are no hosts yet. Make one: drover host create web-1",
    };

    public static JsonObject ToJson(HostRow row)
    {
        var machine = row.Machine;
        var config = machine?.Object("mesosConfig");
        var info = row.Host?.Object("info");
        var os = info?["osInfo"] as JsonObject;
        return new JsonObject
        {
            ["id"] = row.Id,
            ["hostId"] = row.Host?.Id ?? machine?.Text("hostId"),
            ["name"] = row.Name,
            ["state"] = row.State,
            ["machineState"] = machine?.State,
            ["hostState"] = row.Host?.State,
            ["stage"] = Stage(row),
            ["message"] = row.Message,
            ["waiting"] = row.Waiting?.DeepClone(),
            ["cpus"] = config?.Number("cpus") ?? (info?["cpuInfo"] as JsonObject)?.Number("count"),
            ["memory"] = Size(config, "memory") ?? (row.Host?.Number("memory") is { } bytes ? new ByteSize((long)bytes).ToString() : null),
            ["disk"] = Size(config, "disk"),
            ["image"] = config?.Text("image"),
            ["network"] = machine?.Text("network") ?? config?.Text("network"),
            ["networkReason"] = machine?.Text("networkReason"),
            ["networkAddress"] = machine?.Text("networkAddress"),
            ["ports"] = machine?.Json["ports"]?.DeepClone(),
            ["constraints"] = config?["constraints"]?.DeepClone(),
            ["labels"] = (row.Host?.Object("labels") ?? machine?.Object("labels"))?.DeepClone(),
            ["address"] = row.Host?.Text("agentIpAddress"),
            ["agent"] = machine?.Object("placement")?.Text("hostname"),
            ["accelerator"] = machine?.Text("accelerator"),
            ["acceleratorReason"] = machine?.Text("acceleratorReason"),
            ["way"] = machine?.Text("way"),
            ["wayReason"] = machine?.Text("wayReason"),
            ["dockerVersion"] = DockerVersion(os?.Text("dockerVersion")),
            ["kernel"] = os?.Text("kernelVersion"),
            ["operatingSystem"] = os?.Text("operatingSystem"),
            ["readySeconds"] = machine?.Number("readySeconds"),
            ["created"] = (machine ?? row.Host)?.Text("created"),
            ["externalId"] = machine?.Text("externalId"),
            ["protected"] = (bool?)machine?.Json["protected"],
            ["deleteAt"] = machine?.Text("deleteAt"),
            ["snapshots"] = machine?.Array("snapshots")?.DeepClone(),
            ["limits"] = machine?.Object("limits")?.DeepClone(),
            ["stages"] = new JsonArray([.. row.Stages.Select(s => s.ToJson())]),
            ["load"] = row.Host?.Object("load")?.DeepClone(),
            ["failure"] = row.Failure?.DeepClone(),
        };
    }

    /// <summary>The stage that runs or failed; null when none does.</summary>
    private static string? Stage(HostRow row) =>
        row.Failure?.Text("stage") ?? (row.State == "active" ? null : row.Stages.LastOrDefault(s => s.FinishedAt is null)?.Stage);

    /// <summary>Rancher's field reads <c>Docker version 20.10.24</c>.</summary>
    private static string? DockerVersion(string? text) =>
        text?.StartsWith("Docker version ", StringComparison.Ordinal) == true ? text["Docker version ".Length..] : text;

    private static string? Size(JsonObject? config, string field) =>
        ByteSize.TryParse(config?.Text(field), out var size) ? size.ToString() : config?.Text(field);

    private static Column[] Columns(DateTimeOffset now) =>
    [
        Column.Of("NAME", "name"),
        Column.Of("STATE", "state", ColumnKind.State),
        new("STAGE", row => row.Text("stage") is { } stage ? stage : null),
        Column.Of("CPUS", "cpus", ColumnKind.Figure),
        new("MEMORY", row => Display(row.Text("memory")), ColumnKind.Figure),
        new("DISK", row => Display(row.Text("disk")), ColumnKind.Figure),
        Column.Of("ADDRESS", "address"),
        Column.Of("AGENT", "agent"),
        Column.Of("ACCEL", "accelerator"),
        new("READY", row => row.Number("readySeconds") is { } seconds ? Durations.Display(TimeSpan.FromSeconds(seconds)) : null, ColumnKind.Figure),
        new("AGE", row => Time(row.Text("created")) is { } created ? Durations.Age(now - created) : null, ColumnKind.Figure),
        Column.Of("ID", "id"),
        new("NOTE", row => Note(row, now)),
    ];

    private static string? Display(string? size) => ByteSize.TryParse(size, out var parsed) ? parsed.ToDisplayString() : size;

    private static string? Note(JsonObject row, DateTimeOffset now) =>
        row["waiting"] is JsonObject waiting ? waiting.Text("reason")
        : row.Text("state") != "active" && row.Text("message") is { } message ? message
        : row["protected"] is JsonValue kept && kept.GetValueKind() == System.Text.Json.JsonValueKind.True ? "protected"
        : Time(row.Text("deleteAt")) is { } end ? $"removed in {Durations.Age(end - now)}"
        : null;

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
