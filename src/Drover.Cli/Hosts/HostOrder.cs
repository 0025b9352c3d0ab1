using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Asks something of machines that are there, and waits until it is done.</summary>
internal sealed class HostOrder(CattleClient environment, TimeProvider time)
{
    private readonly HostDirectory _directory = new(environment);

    /// <exception cref="CliFailure">It is a host without a machine.</exception>
    /// <exception cref="CattleException">The server refused.</exception>
    public async Task<HostRow> AskAsync(HostRow row, string verb, JsonObject input, CancellationToken cancellationToken)
    {
        var machine = row.Machine ?? throw new CliFailure(ExitCode.Refused, $"{row.Name} was added by hand: there is no machine of Drover's to {verb}.");
        return row with { Machine = await environment.ActionAsync("machines", machine.Id, verb, (JsonObject)input.DeepClone(), cancellationToken) };
    }

    /// <summary>Waits until nothing is done with them any more; each is a step of its own.</summary>
    public async Task<IReadOnlyList<HostRow?>> WaitAsync(IReadOnlyList<HostRow> rows, string verb, IStepBoard board, CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        foreach (var row in rows)
        {
            Show(row, row);
        }

        await using var changes = new ChangeSignal(environment, time);
        return await new HostWait(_directory, changes, time).UntilAsync(rows, IsDone, Show, cancellationToken);

        void Show(HostRow asked, HostRow? now)
        {
            var name = $"{verb} {asked.Name}";
            board.Show(!IsDone(now) ? new Step("", name, StepState.Running, began, null, now?.Message is "In Progress" ? null : now?.Message, IsNews: true)
                : new Step("", name, Failure(asked, now) is null ? StepState.Done : StepState.Failed, began, time.GetUtcNow() - began));
        }
    }

    /// <summary>Why it was not done; null when it was.</summary>
    public static string? Failure(HostRow asked, HostRow? ended) => ended switch
    {
        null or { IsGone: true } or { Machine.State: "removing" } => $"{asked.Name} was removed meanwhile.",
        { Machine: { Transitioning: "error" } machine } => $"{asked.Name}: {machine.TransitioningMessage ?? "no cause was given."}",
        _ => null,
    };

    private static bool IsDone(HostRow? row) => row?.Machine is not { Transitioning: "yes" };
}
