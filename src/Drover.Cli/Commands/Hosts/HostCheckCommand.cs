using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host check NAME…</c>: whether a host really runs containers.</summary>
internal static class HostCheckCommand
{
    private static readonly IReadOnlyList<string> Fields = ["at", "seconds", "containerId", "engineId"];

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        var waiting = new Waiting();
        var command = new Command("check", "Have hosts run a container, made of what their guests have, from start to end") { names };
        waiting.AddTo(command, shared);
        command.SetAction((parsed, token) => HostOrderCommands.RunAsync(
            parsed.GetRequiredValue(names), "check", [], waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token, rows => new Listing([.. rows.Select(Row)], Columns, ["id", "name", "state", .. Fields])));
        return command;
    }

    private static IReadOnlyList<Column> Columns =>
        [Column.Of("NAME", "name"), Column.Of("STATE", "state"), new("TOOK", row => row["seconds"] is { } seconds ? $"{seconds} s" : null, ColumnKind.Figure), Column.Of("CHECKED", "at"), Column.Of("CONTAINER", "containerId")];

    private static JsonObject Row(HostRow host)
    {
        var row = new JsonObject { ["id"] = host.Id, ["name"] = host.Name, ["state"] = host.State };
        foreach (var field in Fields)
        {
            row[field] = host.Machine?.Object("check")?[field]?.DeepClone();
        }

        return row;
    }
}
