using System.CommandLine;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover wait NAME --for STATE</c></summary>
internal static class WaitCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var state = new Option<string>("--for") { Description = "State to wait for: active, removed, error, reconnecting, … [default: active]", HelpName = "STATE", DefaultValueFactory = _ => "active" };
        state.CompletionSources.Add("active", "removed", "error", "reconnecting", "inactive");
        var timeout = SharedOptions.Timeout(TimeSpan.FromMinutes(30));
        var command = new Command("wait", "Wait until a host is in a state") { name, state, timeout, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var wanted = parsed.GetValue(state)!.ToLowerInvariant();
            var asked = parsed.GetRequiredValue(name);
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var directory = new HostDirectory(environment);
            HostRow row;
            try
            {
                row = await directory.ResolveAsync(asked, token);
            }
            catch (CliFailure e) when (e.ExitCode == ExitCode.NotFound && wanted == "removed")
            {
                return ExitCode.Ok;
            }

            var ended = await WaitAsync(row, wanted, environment, parsed.GetValue(timeout), shared.Board(context, parsed), context, token);
            if (!IsReached(ended, wanted))
            {
                throw new CliFailure(
                    ended is null || ended.IsGone ? ExitCode.NotFound : ExitCode.Failed,
                    ended is null || ended.IsGone ? $"{row.Name} is gone and will not be {wanted} any more." : $"{row.Name} is in {ended.State} and will not be {wanted}: {ended.Message ?? "no cause was given."}",
                    ended is null || ended.IsGone ? null : $"'drover host show {row.Name}' tells more.");
            }

            if (ended is not null && !ended.IsGone)
            {
                shared.Print(HostListing.Of([ended], context.Time.GetUtcNow()), context, parsed);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<HostRow?> WaitAsync(HostRow row, string wanted, Api.Cattle.CattleClient environment, TimeSpan timeout, IStepBoard board, CliContext context, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
        var last = row.State;
        try
        {
            await using (board)
            {
                await using var changes = new ChangeSignal(environment, context.Time);
                var ended = await new HostWait(new HostDirectory(environment), changes, context.Time).UntilAsync([row], r => IsReached(r, wanted) || IsHopeless(r, wanted), Show, either.Token);
                return ended[0];
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
        {
            throw new CliFailure(ExitCode.Timeout, $"{row.Name} is not {wanted} after {Durations.Display(timeout)}: it is {last}.", $"'drover host show {row.Name}' tells why.");
        }

        void Show(HostRow asked, HostRow? now)
        {
            last = now?.State ?? "removed";
            if (now is not null)
            {
                StageSteps.Show(now, board, grouped: false, context.Time);
            }
        }
    }

    internal static bool IsReached(HostRow? row, string wanted) => wanted == "removed" ? row is null || row.IsGone : row?.State == wanted;

    /// <summary>No waiting leads there any more: gone, in error, or being removed.</summary>
    internal static bool IsHopeless(HostRow? row, string wanted) =>
        row is null || row.IsGone || (wanted != "removed" && row.State is ("error" or "removing"));
}
