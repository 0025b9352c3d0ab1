using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover pool …</c>: templates, and spares that are ready to become hosts.</summary>
internal static class PoolCommands
{
    private static readonly string[] Fields =
        ["id", "name", "kind", "state", "hostname", "agentId", "image", "cpus", "memory", "disk", "network", "since", "message", "machineId", "taskId", "failures", "scheduler"];

    public static Command Create(CliContext context, SharedOptions shared) => new("pool", "Templates and warm spares: what makes a new host quick") { List(context, shared), Set(context, shared) };

    private static Command List(CliContext context, SharedOptions shared)
    {
        var command = new Command("ls", "List templates and spares, and why they wait") { shared.Format, shared.Quiet };
        command.Aliases.Add("list");
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var now = context.Time.GetUtcNow();
            var pools = await server.Api.ListAsync("pools", token);
            var rows = pools.SelectMany(p => (p.Json["members"] as JsonArray ?? []).OfType<JsonObject>().Select(m => Row(m, p.Id))).ToList();
            var warm = pools.Count > 0 ? pools[0].Text("warm") : null;
            shared.Print(
                new Listing(rows, Columns(now), Fields)
                {
                    WhenEmpty = pools.Count == 0 ? "No scheduler has told of its pool yet."
                        : $"The pool is empty. Spares to keep per agent machine and size: {warm}. Keep some: drover pool set 1",
                },
                context,
                parsed);
            if (rows.Count > 0 && shared.FormatOf(parsed) == OutputFormat.Table && !parsed.GetValue(shared.Quiet))
            {
                context.Console.Error.WriteLine($"Spares to keep per agent machine and size: {TextSafety.Line(warm ?? "?")}; templates: {TextSafety.Line(pools[0].Text("templates") ?? "?")}.");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Set(CliContext context, SharedOptions shared)
    {
        var warm = new Argument<string?>("N|auto") { Description = "Spares to keep per agent machine and size; auto follows the demand", Arity = ArgumentArity.ZeroOrOne };
        warm.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value != "auto" && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n <= 100))
            {
                result.AddError($"'{token.Value}' is neither auto nor a number from 0 to 100.");
            }
        });
        var templates = new Option<string?>("--templates") { Description = "auto: templates are made in the background; off: none are", HelpName = "WHEN" };
        templates.AcceptOnlyFromAmong("auto", "off");
        var command = new Command("set", "Say how many spares to keep, and whether templates are made (administrators)") { warm, templates, shared.Quiet };
        command.Validators.Add(result =>
        {
            if (result.GetValue(warm) is null && result.GetValue(templates) is null)
            {
                result.AddError("Say how many spares to keep (a number or auto), or --templates auto|off.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            foreach (var (name, value) in new[] { ("pool.warm", parsed.GetValue(warm)), ("pool.templates", parsed.GetValue(templates)) })
            {
                if (value is not null)
                {
                    await server.Api.UpdateAsync("settings", name, new JsonObject { ["value"] = value }, token);
                    if (!parsed.GetValue(shared.Quiet))
                    {
                        context.Console.Error.WriteLine($"{name} is {value} now.");
                    }
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static JsonObject Row(JsonObject member, string scheduler)
    {
        var row = (JsonObject)member.DeepClone();
        row["name"] = $"{member.Text("kind")} on {member.Text("hostname")}";
        row["scheduler"] = scheduler;
        return row;
    }

    private static Column[] Columns(DateTimeOffset now) =>
    [
        Column.Of("KIND", "kind"),
        Column.Of("STATE", "state", ColumnKind.State),
        Column.Of("ON", "hostname"),
        Column.Of("IMAGE", "image"),
        Column.Of("CPUS", "cpus", ColumnKind.Figure),
        new("MEMORY", row => Size(row.Text("memory")), ColumnKind.Figure),
        new("DISK", row => Size(row.Text("disk")), ColumnKind.Figure),
        Column.Of("NETWORK", "network"),
        new("SINCE", row => DateTimeOffset.TryParse(row.Text("since"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? Durations.Age(now - since) : null, ColumnKind.Figure),
        Column.Of("NOTE", "message"),
    ];

    private static string? Size(string? size) => ByteSize.TryParse(size, out var parsed) ? parsed.ToDisplayString() : size;
}
