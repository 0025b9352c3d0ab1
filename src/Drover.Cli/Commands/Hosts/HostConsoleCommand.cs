using System.CommandLine;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host console NAME</c>: the boot log and whatever else the machine wrote to its serial port.</summary>
internal static class HostConsoleCommand
{
    /// <summary>A followed console is asked for again after this; the log lies on the machine that runs the host and tells nobody when it grows.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(700);

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until Ctrl-C or until the machine is gone" };
        var lines = new Option<int?>("--lines", "-n") { Description = "Only the last lines [default: all]", HelpName = "N" };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Join the serial port: what you type goes to the machine. Ctrl-] ends it" };
        var command = new Command("console", "Print the boot log of a machine, or join its serial port") { name, follow, lines, interactive };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var directory = new HostDirectory(environment);
            var row = await directory.ResolveAsync(parsed.GetRequiredValue(name), token);
            if (row.Machine is not { } machine)
            {
                throw new CliFailure(ExitCode.Refused, $"{row.Name} was not made by Drover, so it has no console here.");
            }

            if (parsed.GetValue(interactive))
            {
                return await SerialSession.RunAsync(environment, machine, row.Name, context, token);
            }

            var reader = new ConsoleReader(environment, machine.Id);
            try
            {
                Write(await reader.ReadToEndAsync(parsed.GetValue(lines), token), context);
            }
            catch (CattleException e) when (e.Status is 404 or 409 or 422 or 501 or 503 or 504 && HostCreation.ConsoleOf(row) is { Count: > 0 } kept)
            {
                // The log went with the machine that ran it; what was kept of it is better than nothing.
                Write(string.Join('\n', kept) + "\n", context);
                return ExitCode.Ok;
            }

            return parsed.GetValue(follow) ? await FollowAsync(reader, directory, row, context, token) : ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> FollowAsync(ConsoleReader reader, HostDirectory directory, HostRow row, CliContext context, CancellationToken token)
    {
        using var timer = new PeriodicTimer(Pace, context.Time);
        while (await timer.WaitForNextTickAsync(token))
        {
            try
            {
                for (string text; (text = await reader.ReadAsync(token)).Length > 0;)
                {
                    Write(text, context);
                }
            }
            catch (CattleException e) when (e.IsTransient || e.Status is 404 or 409 or 422)
            {
                // Not there (yet, or any more), or the server is away: whether to go on is asked below.
            }

            if (await HasEndedAsync(directory, row, token) is { } end)
            {
                context.Console.Error.WriteLine(end);
                return ExitCode.Ok;
            }
        }

        return ExitCode.Ok;
    }

    private static async Task<string?> HasEndedAsync(HostDirectory directory, HostRow row, CancellationToken token)
    {
        try
        {
            return await directory.RefreshAsync(row, token) switch
            {
                null or { IsGone: true } => $"{row.Name} is gone.",
                { State: "error" } => $"{row.Name} is in error; 'drover host show {row.Name}' tells why.",
                _ => null,
            };
        }
        catch (CattleException e) when (e.IsTransient)
        {
            return null;
        }
    }

    private static void Write(string text, CliContext context)
    {
        context.Console.Out.Write(TextSafety.Console(text));
        context.Console.Out.Flush();
    }
}
