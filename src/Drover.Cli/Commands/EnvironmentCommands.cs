using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover env …</c></summary>
internal static class EnvironmentCommands
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var list = new Command("ls", "List the environments that these credentials may see") { shared.Format, shared.Quiet };
        list.Aliases.Add("list");
        list.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environments = await server.Api.ListAsync("projects", token);
            var current = await server.CurrentEnvironmentAsync(token);
            var rows = environments.Where(e => e.State is not ("removed" or "purged")).Select(e => new JsonObject
            {
                ["id"] = e.Id,
                ["name"] = e.Name ?? e.Id,
                ["state"] = e.State,
                ["current"] = e.Id == current,
                ["description"] = e.Text("description"),
                ["created"] = e.Text("created"),
            }).ToList();
            shared.Print(new Listing(rows, [new Column("", r => r.Text("current") == "true" ? "*" : null), Column.Of("NAME", "name"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("ID", "id"), Column.Of("DESCRIPTION", "description")], ["id", "name", "state", "current", "description", "created"]), context, parsed);
            return ExitCode.Ok;
        });
        return new Command("env", "Environments: the tenants of a server") { list };
    }
}
