using System.CommandLine;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host rm NAME…</c>: asks once, by name; without a terminal only with <c>--yes</c>.</summary>
internal static class HostRemoveCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var wait = new Option<bool>("--wait") { Description = "Wait until they are gone (the default)" };
        var noWait = new Option<bool>("--no-wait") { Description = "Return as soon as the removal is asked for" };
        var timeout = SharedOptions.Timeout(TimeSpan.FromMinutes(10));
        var command = new Command("rm", "Remove hosts with everything on them") { names, yes, wait, noWait, timeout, shared.Quiet };
        command.Aliases.Add("remove");
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var rows = await new HostDirectory(environment).ResolveAsync(parsed.GetRequiredValue(names), token);
            if (!parsed.GetValue(yes))
            {
                Confirm(rows, context.Console);
            }

            var removal = new HostRemoval(environment, context.Time);
            foreach (var row in rows)
            {
                await removal.RequestAsync(row, token);
            }

            if (!parsed.GetValue(noWait))
            {
                await WaitAsync(removal, rows, parsed.GetValue(timeout), shared.Board(context, parsed), context, token);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <exception cref="CliFailure">Nobody is there to ask, or the answer was another name; nothing was removed.</exception>
    internal static void Confirm(IReadOnlyList<HostRow> rows, CliConsole console)
    {
        if (!console.IsInteractive)
        {
            throw new CliFailure(ExitCode.Refused, $"Nothing was removed: {rows.Count} host(s) would go with everything on them, and there is no terminal to ask on.", "Repeat it with --yes.");
        }

        foreach (var row in rows)
        {
            var name = TextSafety.Line(row.Name);
            if (console.Ask($"{name} ({row.Id}, {row.State}) goes with its disk, containers and volumes. Type its name to confirm: ")?.Trim() != row.Name)
            {
                throw new CliFailure(ExitCode.Refused, "Not confirmed; nothing was removed.");
            }
        }
    }

    private static async Task WaitAsync(HostRemoval removal, IReadOnlyList<HostRow> rows, TimeSpan timeout, IStepBoard board, CliContext context, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
        try
        {
            await using (board)
            {
                await removal.WaitAsync(rows, board, either.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
        {
            throw new CliFailure(ExitCode.Timeout, $"Not gone after {Durations.Display(timeout)}; the removal goes on.", $"'drover wait {rows[0].Name} --for removed' waits for it.");
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            throw new CliFailure(ExitCode.Interrupted, "Interrupted; the removal goes on.");
        }
    }
}
