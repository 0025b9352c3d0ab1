using Drover.Api.Cattle;

namespace Drover.Cli.Hosts;

/// <summary>The hosts of one environment.</summary>
internal sealed class HostDirectory(CattleClient environment)
{
    private static readonly KeyValuePair<string, string>[] NotRemoved = [new("removed_null", "true"), new("limit", "1000")];

    public async Task<IReadOnlyList<HostRow>> ListAsync(CancellationToken cancellationToken)
    {
        var machines = await environment.ListAsync("machines", NotRemoved, cancellationToken);
        var hosts = await environment.ListAsync("hosts", NotRemoved, cancellationToken);
        return [.. HostRow.Join(machines.Where(m => m.State is not ("removed" or "purged" or "purging")), hosts.Where(h => h.State is not ("removed" or "purged" or "purging")))];
    }

    /// <summary>The machine with its host as they are now, also when they are removed; null once no record is left.</summary>
    public async Task<HostRow?> FindMachineAsync(string machineId, CancellationToken cancellationToken)
    {
        if (await environment.GetAsync("machines", machineId, cancellationToken) is not { } machine)
        {
            return null;
        }

        // Only an active machine has a host whose state matters; a server that does not say which is asked for the hosts of the machine.
        if (machine.State != "active")
        {
            return new HostRow(machine, null);
        }

        if (machine.Text("hostId") is { } hostId)
        {
            return new HostRow(machine, await environment.GetAsync("hosts", hostId, cancellationToken));
        }

        var hosts = await environment.ListAsync("hosts", NotRemoved, cancellationToken);
        return HostRow.Join([machine], hosts.Where(h => h.Text("physicalHostId") == machineId))[0];
    }

    public async Task<HostRow?> FindHostAsync(string hostId, CancellationToken cancellationToken) =>
        await environment.GetAsync("hosts", hostId, cancellationToken) is { } host ? new HostRow(null, host) : null;

    /// <summary>The row again, as it is now.</summary>
    public Task<HostRow?> RefreshAsync(HostRow row, CancellationToken cancellationToken) =>
        row.Machine is { } machine ? FindMachineAsync(machine.Id, cancellationToken) : FindHostAsync(row.Id, cancellationToken);

    /// <summary>Finds each by name or id.</summary>
    /// <exception cref="CliFailure">One of them does not exist or is not clear; nothing was changed.</exception>
    public async Task<IReadOnlyList<HostRow>> ResolveAsync(IEnumerable<string> namesOrIds, CancellationToken cancellationToken)
    {
        var rows = await ListAsync(cancellationToken);
        return [.. namesOrIds.Select(n => HostName.Resolve(n, rows)).DistinctBy(r => r.Id)];
    }

    public async Task<HostRow> ResolveAsync(string nameOrId, CancellationToken cancellationToken) =>
        (await ResolveAsync([nameOrId], cancellationToken))[0];
}
