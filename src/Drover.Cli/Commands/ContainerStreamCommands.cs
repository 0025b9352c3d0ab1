using System.CommandLine;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Cli.Containers;

namespace Drover.Cli.Commands;

/// <summary><c>drover logs | exec</c>: what a container says, and processes in it.</summary>
internal static class ContainerStreamCommands
{
    public static IEnumerable<Command> Create(CliContext context, SharedOptions shared)
    {
        yield return Logs(context, shared);
        yield return Exec(context, shared);
    }

    private static Command Logs(CliContext context, SharedOptions shared)
    {
        var name = ContainerCommands.NameArgument();
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until Ctrl-C or until the container ends" };
        var tail = new Option<int?>("--tail", "-n") { Description = "Only the last so many lines [default: all]", HelpName = "N" };
        var since = new Option<string?>("--since") { Description = "Only from a time on (2026-01-31T08:00:00Z), or so long ago (10m)", HelpName = "TIME" };
        var timestamps = new Option<bool>("--timestamps", "-t") { Description = "With the time of each line" };
        var command = new Command("logs", "Print a container's log") { name, follow, tail, since, timestamps };
        tail.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 0)
            {
                result.AddError("--tail: a number of lines, 0 or more.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var container = (await new ContainerDirectory(environment).ResolveAsync([parsed.GetRequiredValue(name)], token))[0];
            if (parsed.GetValue(tail) == 0 && !parsed.GetValue(follow))
            {
                return ExitCode.Ok;
            }

            var ask = new JsonObject { ["follow"] = parsed.GetValue(follow), ["lines"] = parsed.GetValue(tail) ?? 0, ["timestamps"] = parsed.GetValue(timestamps), ["since"] = parsed.GetValue(since) ?? "" };
            if (parsed.GetValue(tail) == 0)
            {
                // All would be what 0 means to the server: from now on instead.
                (ask["lines"], ask["since"]) = (1, context.Time.GetUtcNow().ToString("O", System.Globalization.CultureInfo.InvariantCulture));
            }

            var access = await environment.ActionAsync("containers", container.Container.Id, "logs", ask, token);
            using var socket = await StreamDial.OpenAsync(environment, access, LogPrinter.Protocol, token);
            await using var output = new BufferedStream(Console.OpenStandardOutput(), 64 * 1024);
            await using var errors = Console.OpenStandardError();
            try
            {
                await new LogPrinter(output, errors, "").RunAsync(socket, token);
            }
            catch (WebSocketException)
            {
                // Told below.
            }

            return StreamDial.FailureOf(socket) is { } failure ? throw failure : ExitCode.Ok;
        });
        return command;
    }

    private static Command Exec(CliContext context, SharedOptions shared)
    {
        var name = ContainerCommands.NameArgument();
        var words = new Argument<string[]>("COMMAND") { Description = "What to run; after -- where it has options", Arity = ArgumentArity.OneOrMore, HelpName = "COMMAND" };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Give it what is typed" };
        var tty = new Option<bool>("--tty", "-t") { Description = "Give it a terminal" };
        var user = new Option<string?>("--user", "-u") { Description = "As whom [default: as the container's own]", HelpName = "USER" };
        var folder = new Option<string?>("--workdir", "-w") { Description = "In which folder", HelpName = "PATH" };
        var command = new Command("exec", "Run a command in a container: drover exec -it web -- sh") { name, words, interactive, tty, user, folder };
        command.SetAction(async (parsed, token) =>
        {
            if (parsed.GetValue(tty) && parsed.GetValue(interactive) && Console.IsInputRedirected)
            {
                throw new CliFailure(ExitCode.Usage, "--tty needs a terminal, and standard input is none.", "Without -t it takes what comes by the pipe.");
            }

            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var container = (await new ContainerDirectory(environment).ResolveAsync([parsed.GetRequiredValue(name)], token))[0];
            var ask = new JsonObject
            {
                ["command"] = new JsonArray([.. parsed.GetRequiredValue(words).Select(word => (JsonNode)word)]),
                ["tty"] = parsed.GetValue(tty),
                ["attachStdin"] = parsed.GetValue(interactive),
                ["user"] = parsed.GetValue(user) ?? "",
                ["workingDir"] = parsed.GetValue(folder) ?? "",
            };
            var access = await environment.ActionAsync("containers", container.Container.Id, "execute", ask, token);
            using var socket = await StreamDial.OpenAsync(environment, access, ExecSession.Protocol, token);
            using var session = new ExecSession(socket, parsed.GetValue(tty), parsed.GetValue(interactive));
            return await session.RunAsync(token);
        });
        return command;
    }
}
