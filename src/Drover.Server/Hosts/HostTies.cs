using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Server.Agents;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Hosts;

/// <summary>Ties a host to its machine when its agent says hello (cattle-api §3.6), and keeps the host's facts.</summary>
/// <remarks>Two rules beyond Cattle's: an agent never adopts a machine of another environment, and an agent that registered for one machine
/// speaks for that machine only.</remarks>
internal sealed class HostTies(AgentRemoval removal, TimeProvider time)
{
    public async Task<HelloResult> TieAsync(AppDb db, AgentRow agent, HostFacts facts, CancellationToken cancellationToken)
    {
        if (facts.Uuid.Length is 0 or > 128 || facts.PhysicalHostUuid.Length is 0 or > 128 || facts.Hostname.Length > 255)
        {
            return new HelloResult.Refused("A host needs a uuid and a machine uuid.");
        }

        MachineRow? machine;
        if (agent.MachineId is { } bound)
        {
            machine = await db.Machines.FirstOrDefaultAsync(m => m.Id == bound, cancellationToken);
            if (machine is null || machine.Removed is not null || machine.State == "removing")
            {
                return new HelloResult.Gone();
            }

            if (machine.ExternalId != facts.PhysicalHostUuid || machine.ExternalId != facts.Uuid)
            {
                return new HelloResult.Refused("This agent registered for another machine.");
            }

            await ReplaceAgentAsync(db, machine, agent, cancellationToken);
        }
        else
        {
            machine = await FindOrMakeMachineAsync(db, agent, facts, cancellationToken);
        }

        machine.AgentId = agent.Id;
        var host = await db.Hosts.FirstOrDefaultAsync(h => h.ReportedUuid == facts.Uuid && h.Removed == null && (h.AgentId == agent.Id || h.MachineId == machine.Id), cancellationToken)
            ?? await MakeHostAsync(db, agent, machine, facts, cancellationToken);
        (host.AgentId, host.MachineId) = (agent.Id, machine.Id);
        HostInfo.Apply(host, facts);
        machine.HostId = host.Id;
        return new HelloResult.Welcome(host.Id);
    }

    private static async Task<MachineRow> FindOrMakeMachineAsync(AppDb db, AgentRow agent, HostFacts facts, CancellationToken cancellationToken)
    {
        var known = await db.Machines.FirstOrDefaultAsync(
            m => m.Removed == null && m.AccountId == agent.ResourcesAccountId && m.ExternalId == facts.PhysicalHostUuid && (m.AgentId == agent.Id || (m.AgentId == null && m.State != "removing")),
            cancellationToken);
        if (known is not null)
        {
            return known;
        }

        var plain = new MachineRow
        {
            Uuid = Guid.NewGuid().ToString(),
            Kind = "physicalHost",
            Name = facts.Hostname,
            State = "active",
            AccountId = agent.ResourcesAccountId,
            Created = agent.Created,
            ExternalId = facts.PhysicalHostUuid,
            AgentId = agent.Id,
        };
        db.Machines.Add(plain);
        await db.StoreAsync("host.tie", cancellationToken);
        return plain;
    }

    /// <summary>A machine that was started again registers again; its former agent is gone.</summary>
    private async Task ReplaceAgentAsync(AppDb db, MachineRow machine, AgentRow agent, CancellationToken cancellationToken)
    {
        foreach (var host in await db.Hosts.Where(h => h.MachineId == machine.Id && h.Removed == null).ToListAsync(cancellationToken))
        {
            host.AgentId = agent.Id;
        }

        await db.StoreAsync("host.tie", cancellationToken);
        foreach (var former in await db.Agents.Where(a => a.MachineId == machine.Id && a.Id != agent.Id && a.Id < agent.Id && a.Removed == null).ToListAsync(cancellationToken))
        {
            await removal.RemoveAsync(db, former, time.GetUtcNow(), cancellationToken);
        }
    }

    private async Task<HostRow> MakeHostAsync(AppDb db, AgentRow agent, MachineRow machine, HostFacts facts, CancellationToken cancellationToken)
    {
        var host = new HostRow
        {
            Uuid = Guid.NewGuid().ToString(),
            Kind = "docker",
            Name = machine.Name,
            State = Lifecycles.Host.Pass("activate", Lifecycles.Host.Start("create", "requested")!)!,
            AccountId = agent.ResourcesAccountId,
            Created = time.GetUtcNow(),
            ReportedUuid = facts.Uuid,
            Fields = new JsonObject { ["labels"] = machine.Fields["labels"]?.DeepClone() ?? new JsonObject() },
        };
        db.Hosts.Add(host);
        await db.StoreAsync("host.tie", cancellationToken);
        return host;
    }
}
