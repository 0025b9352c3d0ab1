using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>One host for a person: its facts, why it waits or failed, and its stages with their seconds.</summary>
internal static class HostDetails
{
    public static void Write(HostRow row, CliContext context)
    {
        var facts = HostListing.ToJson(row);
        var output = context.Console.Out;
        WriteFacts(row, facts, context);
        if (row.Stages.Count > 0)
        {
            output.WriteLine();
            WriteStages(row, context);
        }

        if (row.Failure is not null)
        {
            var lines = HostCreation.ConsoleOf(row);
            if (lines.Count > 0)
            {
                output.WriteLine();
                output.WriteLine("Last console lines:");
                foreach (var line in lines)
                {
                    output.WriteLine($"  {TextSafety.Line(line)}");
                }
            }
        }

        output.Flush();
    }

    private static void WriteFacts(HostRow row, JsonObject facts, CliContext context)
    {
        var waiting = facts["waiting"] as JsonObject;
        var created = DateTimeOffset.TryParse(facts.Text("created"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : (DateTimeOffset?)null;
        (string Label, string? Value)[] lines =
        [
            ("Name", row.Name),
            ("Id", row.Host is { } host && host.Id != row.Id ? $"{row.Id} (host {host.Id})" : row.Id),
            ("State", row.State),
            ("Waits", waiting?.Text("reason")),
            ("Would help", waiting?.Text("suggestion")),
            ("Ahead", waiting?.Number("ahead") is > 0 and var ahead ? $"{ahead} requests" : null),
            ("Failed at", row.Failure?.Text("stage")),
            ("Cause", row.Failure?.Text("cause")),
            ("Says", row.Failure is null && waiting is null ? row.Message : null),
            ("CPUs", facts.Text("cpus")),
            ("Memory", Size(facts.Text("memory"))),
            ("Disk", Size(facts.Text("disk"))),
            ("Image", facts.Text("image")),
            ("Network", facts.Text("networkReason") ?? facts.Text("network")),
            ("Ports", facts["ports"] is JsonArray { Count: > 0 } ports ? string.Join(", ", ports.Select(p => $"127.0.0.1:{p}")) : null),
            ("Constraints", facts["constraints"] is JsonArray { Count: > 0 } constraints ? string.Join(", ", constraints.Select(c => c?.ToString())) : null),
            ("Labels", facts["labels"] is JsonObject { Count: > 0 } labels ? string.Join(", ", labels.Select(l => $"{l.Key}={l.Value}")) : null),
            ("Address", facts.Text("address")),
            ("Runs on", facts.Text("agent")),
            ("Accelerator", facts.Text("acceleratorReason") is { } why ? $"{facts.Text("accelerator")} ({why})" : facts.Text("accelerator")),
            ("Came up", facts.Text("wayReason") is { } reason ? $"{facts.Text("way")} ({reason})" : facts.Text("way")),
            ("Docker", facts.Text("dockerVersion")),
            ("Kernel", facts.Text("kernel")),
            ("System", facts.Text("operatingSystem")),
            ("Created", created is { } c ? $"{c:yyyy-MM-dd HH:mm:ss} UTC ({Durations.Age(context.Time.GetUtcNow() - c)} ago)" : null),
            ("Ready after", facts.Number("readySeconds") is { } seconds ? Durations.Display(TimeSpan.FromSeconds(seconds)) : null),
            ("Protected", row.IsProtected ? $"yes: 'drover host unprotect {row.Name}' lets it be removed" : null),
            ("Removed at", facts.Text("deleteAt") is { } end ? $"{end}, by itself; 'drover host set {row.Name} --keep' keeps it" : null),
            ("Snapshots", facts["snapshots"] is JsonArray { Count: > 0 } snapshots ? string.Join(", ", snapshots.Select(s => (string?)s?["name"])) : null),
            ("Limits", Limits(facts["limits"] as JsonObject)),
            ("External id", facts.Text("externalId")),
        ];
        foreach (var (label, value) in lines)
        {
            if (!string.IsNullOrEmpty(value))
            {
                var text = TextSafety.Line(value);
                context.Console.Out.WriteLine($"{label + ":",-13} {(label == "State" && context.Console is { OutIsTerminal: true, Colour: true } ? Ansi.State(text) : text)}");
            }
        }
    }

    private static void WriteStages(HostRow row, CliContext context)
    {
        var now = context.Time.GetUtcNow();
        var rows = row.Stages.Select(s => new JsonObject
        {
            ["stage"] = s.Stage,
            ["status"] = s.Status,
            ["time"] = Durations.Display(s.Took ?? now - s.StartedAt),
            ["note"] = s.FinishedAt is not null && s.Status == StageStatus.Done ? null : s.Message,
        }).ToList();
        var listing = new Listing(rows, [Column.Of("STAGE", "stage"), Column.Of("STATUS", "status", ColumnKind.State), Column.Of("TIME", "time", ColumnKind.Figure), Column.Of("NOTE", "note")], []);
        TableWriter.Write(listing, context.Console.Out, context.Console is { OutIsTerminal: true, Colour: true });
    }

    private static string? Limits(JsonObject? limits)
    {
        var bytes = limits?.Number("diskBytes") is { } rate ? $"{new ByteSize((long)rate).ToDisplayString()}/s" : null;
        var operations = limits?.Number("diskOperations") is { } number ? $"{number:0} requests/s" : null;
        var network = limits?.Number("networkBytes") is { } both ? $"network {new ByteSize((long)both).ToDisplayString()}/s each way" : null;
        string[] all = [.. new[] { bytes is null ? null : $"disk {bytes}", operations is null ? null : $"disk {operations}", network }.OfType<string>()];
        return all.Length == 0 ? null : string.Join(", ", all);
    }

    private static string? Size(string? size) => ByteSize.TryParse(size, out var parsed) ? parsed.ToDisplayString() : size;
}
