using Drover.Server.Hosts;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>Removes an agent, its account and keys, and the hosts that it spoke for; its link is closed for good after the commit.</summary>
internal sealed class AgentRemoval(AgentLinks links, HostLoads loads)
{
    /// <summary>Everything that belonged to a machine, also agents of its registrations that never came up.</summary>
    public async Task RemoveOfMachineAsync(AppDb db, MachineRow machine, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var agents = await db.Agents.Where(a => a.Removed == null && (a.MachineId == machine.Id || a.Id == machine.AgentId)).ToListAsync(cancellationToken);
        foreach (var agent in agents)
        {
            await RemoveAsync(db, agent, now, cancellationToken);
        }

        foreach (var token in await db.Credentials.Where(c => c.MachineId == machine.Id && c.Removed == null).ToListAsync(cancellationToken))
        {
            AccountRemoval.Remove(token, now);
        }

        foreach (var host in await db.Hosts.Where(h => h.MachineId == machine.Id && h.Removed == null).ToListAsync(cancellationToken))
        {
            await RemoveHostAsync(db, host, now, cancellationToken);
        }
    }

    public async Task RemoveAsync(AppDb db, AgentRow agent, DateTimeOffset now, CancellationToken cancellationToken)
    {
        agent.State = "removed";
        agent.Removed = now;
        foreach (var register in await db.Registers.Where(r => r.AgentId == agent.Id && r.Removed == null).ToListAsync(cancellationToken))
        {
            register.State = "removed";
            register.Removed = now;
        }

        if (await db.Accounts.FirstOrDefaultAsync(a => a.Id == agent.AccountId, cancellationToken) is { } account)
        {
            account.State = "removed";
            account.Removed = now;
            await AccountRemoval.RemoveCredentialsAsync(db, account.Id, now, cancellationToken);
        }

        foreach (var host in await db.Hosts.Where(h => h.AgentId == agent.Id && h.Removed == null).ToListAsync(cancellationToken))
        {
            await RemoveHostAsync(db, host, now, cancellationToken);
        }

        var id = agent.Id;
        db.AfterCommit(() => links.CloseGone(id));
    }

    private async Task RemoveHostAsync(AppDb db, HostRow host, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await LoadPast.RemoveAsync(db, host.Id, cancellationToken);
        host.State = "removed";
        host.AgentState = "removed";
        host.Removed = now;
        db.ContainerOrders.RemoveRange(await db.ContainerOrders.Where(o => o.HostId == host.Id).ToListAsync(cancellationToken));
        var id = host.Id;
        db.AfterCommit(() => loads.Forget(id));
        db.AfterCommit(() => links.HostGone?.Invoke(id));
    }
}
