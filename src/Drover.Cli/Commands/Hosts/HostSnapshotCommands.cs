using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host snapshot create|ls|restore|rm</c></summary>
internal static class HostSnapshotCommands
{
    public static Command Create(CliContext context, SharedOptions shared) => new("snapshot", "Keep a host's disk as it is, and go back to it")
    {
        Order("create", "Keep the disk as it is now", "snapshot", optional: true, context, shared),
        List(context, shared),
        Order("restore", "Bring the disk back to a snapshot; what was written since is lost", "restore", optional: false, context, shared),
        Order("rm", "Forget a snapshot", "removesnapshot", optional: false, context, shared),
    };

    private static Command Order(string name, string description, string verb, bool optional, CliContext context, SharedOptions shared)
    {
        var host = SharedOptions.HostArgument(context, shared);
        var snapshot = new Argument<string?>("SNAPSHOT")
        {
            Description = optional ? "Its name [default: the next of s1, s2, …]" : "Name of the snapshot",
            Arity = optional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
        };
        var waiting = new Waiting();
        var command = new Command(name, description) { host, snapshot };
        waiting.AddTo(command, shared);
        command.SetAction((parsed, token) => HostOrderCommands.RunAsync(
            [parsed.GetRequiredValue(host)], verb, parsed.GetValue(snapshot) is { } given ? new JsonObject { ["name"] = given } : [],
            waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token));
        return command;
    }

    private static Command List(CliContext context, SharedOptions shared)
    {
        var host = SharedOptions.HostArgument(context, shared);
        var command = new Command("ls", "List a host's snapshots") { host, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var row = await new HostDirectory(await server.EnvironmentAsync(token)).ResolveAsync(parsed.GetRequiredValue(host), token);
            var rows = (row.Machine?.Array("snapshots") ?? []).OfType<JsonObject>().Select(s => new JsonObject
            {
                ["id"] = s["name"]?.DeepClone(),
                ["name"] = s["name"]?.DeepClone(),
                ["state"] = "kept",
                ["host"] = row.Name,
                ["created"] = s["created"]?.DeepClone(),
            }).ToList();
            var now = context.Time.GetUtcNow();
            shared.Print(
                new Listing(rows, [Column.Of("NAME", "name"), new("AGE", r => Age(r, now), ColumnKind.Figure), Column.Of("CREATED", "created")], ["name", "host", "created"])
                {
                    WhenEmpty = $"{row.Name} has no snapshots. Make one: drover host snapshot create {row.Name}",
                },
                context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static string? Age(JsonObject row, DateTimeOffset now) =>
        DateTimeOffset.TryParse(row.Text("created"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created) ? Durations.Age(now - created) : null;
}
