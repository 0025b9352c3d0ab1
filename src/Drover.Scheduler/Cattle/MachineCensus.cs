using Drover.Api.Cattle;

namespace Drover.Scheduler.Cattle;

/// <summary>What the server has of our machines, so that events which were lost while we were away are made up for.</summary>
internal sealed class MachineCensus(CattleClient client)
{
    /// <param name="known">Machines that we have requests for: each is in the answer.</param>
    /// <returns>State by machine id; null for one that the server no longer has.</returns>
    public async Task<IReadOnlyDictionary<string, string?>> TakeAsync(IEnumerable<string> known, CancellationToken cancellationToken)
    {
        var states = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var machine in await client.ListAsync("machines", cancellationToken))
        {
            if (MachineLoader.IsOurs(machine))
            {
                states[machine.Id] = machine.State;
            }
        }

        // A list hides what was removed; and what came after it began is only found by name.
        foreach (var id in known.Where(id => !states.ContainsKey(id)))
        {
            states[id] = (await client.GetAsync("machines", id, cancellationToken))?.State;
        }

        return states;
    }
}
