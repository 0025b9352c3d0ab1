using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Containers;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover ps | start | stop | restart | rm</c>: containers of all hosts of the environment.</summary>
internal static class ContainerCommands
{
    private static readonly string[] Fields = ["id", "name", "state", "host", "hostId", "dockerId", "image", "command", "status", "exitCode", "address", "ports", "labels", "created"];

    public static IEnumerable<Command> Create(CliContext context, SharedOptions shared)
    {
        yield return List(context, shared);
        yield return Act("start", "Start containers", context, shared);
        yield return Act("stop", "Stop containers; what does not stop within ten seconds is ended", context, shared);
        yield return Act("restart", "Restart containers", context, shared);
        yield return Remove(context, shared);
        yield return RunCommand.Create(context, shared);
        yield return ContainerStatsCommand.Create(context, shared);
        yield return CopyCommand.Create(context, shared);
        yield return RegistryCommands.Create(context, shared);
        foreach (var command in ContainerStreamCommands.Create(context, shared).Concat(ContainerImageCommands.Create(context, shared)))
        {
            yield return command;
        }
    }

    private static Command List(CliContext context, SharedOptions shared)
    {
        var host = new Option<string?>("--host") { Description = "Only those of one host", HelpName = "NAME" };
        var all = new Option<bool>("--all", "-a") { Description = "Also those that do not run" };
        var command = new Command("ps", "List containers") { host, all, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var containers = await new ContainerDirectory(await server.EnvironmentAsync(token)).ListAsync(parsed.GetValue(host), token);
            var shown = containers.Where(c => parsed.GetValue(all) || c.Container.State is not ("stopped" or "error")).Select(ContainerDirectory.ToJson).ToList();
            shared.Print(
                new Listing(shown, Columns(context.Time.GetUtcNow()), Fields)
                {
                    WhenEmpty = containers.Count == 0 ? "There are no containers. Run one: drover run IMAGE" : $"None runs; {containers.Count} do not: drover ps --all",
                },
                context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Act(string verb, string description, CliContext context, SharedOptions shared)
    {
        var names = Names();
        var command = new Command(verb, description) { names };
        command.SetAction((parsed, token) => EachAsync(parsed, parsed.GetRequiredValue(names), context, shared, (environment, c) => environment.ActionAsync("containers", c.Container.Id, verb, null, token), token));
        return command;
    }

    private static Command Remove(CliContext context, SharedOptions shared)
    {
        var names = Names();
        var force = new Option<bool>("--force", "-f") { Description = "Also those that run" };
        var command = new Command("rm", "Remove containers, with their anonymous volumes") { names, force };
        command.SetAction((parsed, token) => EachAsync(parsed, parsed.GetRequiredValue(names), context, shared, async (environment, c) =>
        {
            if (!parsed.GetValue(force) && c.Container.State is "running" or "paused" or "restarting")
            {
                throw new CliFailure(ExitCode.Refused, $"It is {c.Container.State}.", "Stop it first, or repeat with --force.");
            }

            await environment.DeleteAsync("containers", c.Container.Id, token);
        }, token));
        return command;
    }

    /// <summary>Does it with each, prints its name, and fails in the end when one failed.</summary>
    private static async Task<int> EachAsync(ParseResult parsed, string[] names, CliContext context, SharedOptions shared, Func<CattleClient, ContainerOfHost, Task> act, CancellationToken token)
    {
        using var server = shared.Choose(context, parsed);
        var environment = await server.EnvironmentAsync(token);
        var result = ExitCode.Ok;
        foreach (var container in await new ContainerDirectory(environment).ResolveAsync(names, token))
        {
            try
            {
                await act(environment, container);
                context.Console.Out.WriteLine(TextSafety.Line($"{container.Host}/{container.Name}"));
            }
            catch (Exception e) when (e is CattleException or CliFailure)
            {
                // The others are done all the same.
                var failure = e as CliFailure ?? CliFailure.From((CattleException)e);
                context.Console.Error.WriteLine(TextSafety.Line($"drover: {container.Host}/{container.Name}: {failure.Message}{(failure.Advice is { } advice ? $" {advice}" : "")}"));
                result = failure.ExitCode;
            }
        }

        return result;
    }

    public static Argument<string> NameArgument() => new("CONTAINER") { Description = "Name, HOST/NAME, or id of a container", HelpName = "CONTAINER" };

    private static Argument<string[]> Names() => new("CONTAINER") { Description = "Names, HOST/NAME, or ids of containers", HelpName = "CONTAINER", Arity = ArgumentArity.OneOrMore };

    private static IReadOnlyList<Column> Columns(DateTimeOffset now) =>
    [
        Column.Of("NAME", "name"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("HOST", "host"), Column.Of("IMAGE", "image"), Column.Of("STATUS", "status"),
        new("PORTS", row => string.Join(", ", (row["ports"] as JsonArray)?.Select(p => p?.ToString()) ?? [])),
        Column.Of("ADDRESS", "address"),
        new("AGE", row => DateTimeOffset.TryParse(row.Text("created"), System.Globalization.CultureInfo.InvariantCulture, out var created) ? Durations.Age(now - created) : null, ColumnKind.Figure),
        Column.Of("ID", "id"),
    ];
}
