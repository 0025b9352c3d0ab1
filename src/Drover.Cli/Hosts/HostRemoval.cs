using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Removes hosts: a machine by its own DELETE from any state; a host without a machine as Rancher 1.x wants it, deactivated first.</summary>
internal sealed class HostRemoval(CattleClient environment, TimeProvider time)
{
    private readonly HostDirectory _directory = new(environment);

    /// <summary>Asks for the removal. A host that is being removed already, or is gone, is no error.</summary>
    public async Task RequestAsync(HostRow row, CancellationToken cancellationToken)
    {
        if (row.Machine is { } machine)
        {
            await DeleteAsync("machines", machine.Id, cancellationToken);
        }
        else if (row.Host is { } host)
        {
            if (host.ActionUrl("deactivate") is not null)
            {
                await environment.ActionAsync("hosts", host.Id, "deactivate", null, cancellationToken);
                await using var changes = new ChangeSignal(environment, time);
                await new HostWait(_directory, changes, time).UntilAsync([row], r => r?.State is not ("active" or "deactivating" or "reconnecting"), null, cancellationToken);
            }

            await DeleteAsync("hosts", host.Id, cancellationToken);
        }
    }

    /// <summary>Waits until none of them is left; each is a step of its own.</summary>
    public async Task WaitAsync(IReadOnlyList<HostRow> rows, IStepBoard board, CancellationToken cancellationToken)
    {
        var began = time.GetUtcNow();
        foreach (var row in rows)
        {
            Show(row, row);
        }

        await using var changes = new ChangeSignal(environment, time);
        await new HostWait(_directory, changes, time).UntilAsync(rows, IsGone, Show, cancellationToken);

        void Show(HostRow asked, HostRow? now)
        {
            var name = $"remove {asked.Name}";
            board.Show(IsGone(now)
                ? new Step("", name, StepState.Done, began, time.GetUtcNow() - began)
                : new Step("", name, StepState.Running, began, null, Note(now), IsNews: true));
        }
    }

    /// <summary>What the removal says of itself: not the error that the machine may have had before, and not the API's filler.</summary>
    private static string? Note(HostRow? row) =>
        row?.Machine is { State: "removing", Transitioning: "yes", TransitioningMessage: not "In Progress" and var message } ? message : null;

    private static bool IsGone(HostRow? row) => row is null || row.IsGone;

    private async Task DeleteAsync(string type, string id, CancellationToken cancellationToken)
    {
        try
        {
            await environment.DeleteAsync(type, id, cancellationToken);
        }
        catch (CattleException e) when (e.Status == 404)
        {
            // Gone already: that is what was asked for.
        }
        catch (CattleException e) when (e.Status is 405 or 409)
        {
            // Refused because it is being removed already, perhaps by somebody else at the same moment.
            if (await environment.GetAsync(type, id, cancellationToken) is { State: not ("removing" or "removed" or "purging" or "purged") })
            {
                throw;
            }
        }
    }
}
