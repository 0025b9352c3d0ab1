using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host stats [NAME…]</c>: what hosts take of the computers that they run on, measured from outside.</summary>
internal static class HostStatsCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        names.Arity = ArgumentArity.ZeroOrMore;
        var command = new Command("stats", "What hosts take of their computers now, measured from outside") { names, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var directory = new HostDirectory(environment);
            var wanted = parsed.GetValue(names) is { Length: > 0 } given ? await directory.ResolveAsync(given, token) : await directory.ListAsync(token);
            var rows = new List<JsonObject>();
            foreach (var row in wanted.Where(r => r.Machine is { State: not ("requested" or "creating" or "error" or "removing") }))
            {
                var usage = await environment.SendAsync(HttpMethod.Get, $"machines/{row.Machine!.Id}/usage", null, token);
                var sample = (usage["samples"] as JsonArray)?.LastOrDefault() as JsonObject;
                var facts = new JsonObject { ["id"] = row.Id, ["name"] = row.Name, ["state"] = row.State };
                foreach (var (field, value) in sample ?? [])
                {
                    facts[field] = value?.DeepClone();
                }

                rows.Add(facts);
            }

            shared.Print(new Listing(rows, Columns, ["id", "name", "state", "at", "cpuPercent", "memoryBytes", "residentBytes", "diskBytes", "diskRead", "diskWrite", "diskOperations", "networkReceived", "networkSent"]) { WhenEmpty = "No host runs." }, context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static readonly Column[] Columns =
    [
        Column.Of("NAME", "name"),
        Column.Of("STATE", "state", ColumnKind.State),
        new("CPU", row => row.Number("cpuPercent") is { } percent ? $"{percent:0} %" : null, ColumnKind.Figure),
        new("MEMORY", row => Size(row, "memoryBytes"), ColumnKind.Figure),
        new("MAPPED", row => Size(row, "residentBytes"), ColumnKind.Figure),
        new("DISK", row => Size(row, "diskBytes"), ColumnKind.Figure),
        new("READS", row => Size(row, "diskRead") is { } rate ? $"{rate}/s" : null, ColumnKind.Figure),
        new("WRITES", row => Size(row, "diskWrite") is { } rate ? $"{rate}/s" : null, ColumnKind.Figure),
        new("REQUESTS", row => row.Number("diskOperations") is { } rate ? $"{rate:0}/s" : null, ColumnKind.Figure),

        // In the network user nobody outside sees them.
        new("RECEIVED", row => Network(row, "networkReceived"), ColumnKind.Figure),
        new("SENT", row => Network(row, "networkSent"), ColumnKind.Figure),
    ];

    private static string? Network(JsonObject row, string field) => Size(row, field) is { } rate ? $"{rate}/s" : row["at"] is null ? null : "not seen";

    private static string? Size(JsonObject row, string field) => row.Number(field) is { } bytes ? new ByteSize((long)bytes).ToDisplayString() : null;
}
