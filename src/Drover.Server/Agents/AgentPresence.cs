using Drover.Api.Agents;
using Drover.Server.Events;
using Drover.Server.Hosts;
using Drover.Server.Machines;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>What a hello leads to.</summary>
internal abstract record HelloResult
{
    public sealed record Welcome(long HostId) : HelloResult;

    /// <summary>The machine or agent is removed.</summary>
    public sealed record Gone : HelloResult;

    public sealed record Refused(string Reason) : HelloResult;
}

/// <summary>Keeps what is stored about agents in step with their links: active ⇄ reconnecting → disconnected.</summary>
internal sealed class AgentPresence(Database database, AgentRegistration registration, AgentLinks links, HostTies ties, HostLoads loads, ChangeFeed changes, ProcessEngine engine, TimeProvider time)
{
    /// <summary>Set when an agent is lost, for the monitor.</summary>
    public WakeSignal Lost { get; } = new(time);

    /// <summary>Registers an agent by its link's token.</summary>
    /// <exception cref="Api.Requests.ApiError">The token is used up.</exception>
    public Task<RegisterRow> RegisterAsync(long tokenId, string key, CancellationToken cancellationToken) => database.RunAsync(
        db => AgentRegistration.OnceMoreAsync(db, () => db.WriteAsync("register.create", () => registration.TakeAsync(db, tokenId, key, cancellationToken), cancellationToken)),
        cancellationToken);

    public string SecretOf(RegisterRow row) => registration.SecretOf(row);

    public Task<HelloResult> HelloAsync(long agentId, HostFacts facts, string? version, CancellationToken cancellationToken) => database.RunAsync(
        db => db.WriteAsync(
            "link.hello",
            async () =>
            {
                var agent = await db.Agents.FirstOrDefaultAsync(a => a.Id == agentId && a.Removed == null, cancellationToken);
                if (agent is null)
                {
                    return new HelloResult.Gone();
                }

                var result = await ties.TieAsync(db, agent, facts with { AgentVersion = facts.AgentVersion ?? version }, cancellationToken);
                if (result is HelloResult.Welcome welcome)
                {
                    agent.State = AgentMoves.Up(agent.State);
                    agent.LostAt = null;
                    var host = await db.Hosts.FirstAsync(h => h.Id == welcome.HostId, cancellationToken);
                    host.AgentState = agent.State;
                    await engine.NudgeAsync(db, MachineProcesses.ResourceType, host.MachineId!.Value, cancellationToken);
                }

                return result;
            },
            cancellationToken),
        cancellationToken);

    public Task FactsAsync(long agentId, HostFacts facts, CancellationToken cancellationToken) => database.RunAsync(
        async db =>
        {
            if (await db.Agents.FirstOrDefaultAsync(a => a.Id == agentId && a.Removed == null, cancellationToken) is { } agent)
            {
                await ties.TieAsync(db, agent, facts, cancellationToken);
                await db.StoreAsync("link.facts", cancellationToken);
            }
        },
        cancellationToken);

    public void Load(long hostId, HostLoad sample)
    {
        loads.Add(hostId, sample);
        changes.Note(new RowChange(typeof(HostRow), hostId));
    }

    /// <summary>The link broke: the agent has some time to come back. It may be back already, and its hello stored; a link is added before its
    /// hello, and both write alone, so that whoever comes second here sees the other.</summary>
    public async Task LostAsync(long agentId, CancellationToken cancellationToken)
    {
        await database.RunAsync(
            db => db.WriteAsync(
                "link.lost",
                async () =>
                {
                    var agent = await db.Agents.FirstOrDefaultAsync(a => a.Id == agentId && a.Removed == null && a.State == "active", cancellationToken);
                    if (agent is null || links.IsUp(agentId))
                    {
                        return false;
                    }

                    await MoveAsync(db, agent, AgentMoves.Lost(agent.State), cancellationToken);
                    agent.LostAt = time.GetUtcNow();
                    return true;
                },
                cancellationToken),
            cancellationToken);
        Lost.Set();
    }

    /// <summary>After a start of the server no link stands: all agents are to come back.</summary>
    public Task AllLostAsync(CancellationToken cancellationToken) => database.RunAsync(
        async db =>
        {
            foreach (var agent in await db.Agents.Where(a => a.Removed == null && a.State == "active").ToListAsync(cancellationToken))
            {
                await MoveAsync(db, agent, AgentMoves.Lost(agent.State), cancellationToken);
                agent.LostAt = time.GetUtcNow();
            }

            await db.StoreAsync("link.alllost", cancellationToken);
        },
        cancellationToken);

    /// <summary>Gives up agents that were lost before <paramref name="since"/>; returns when the next was lost.</summary>
    public Task<DateTimeOffset?> GiveUpAsync(DateTimeOffset since, CancellationToken cancellationToken) => database.RunAsync(
        async db =>
        {
            var lost = db.Agents.Where(a => a.Removed == null && a.State == "reconnecting" && a.LostAt != null);
            foreach (var agent in await lost.Where(a => a.LostAt <= since).ToListAsync(cancellationToken))
            {
                await MoveAsync(db, agent, AgentMoves.GivenUp(agent.State), cancellationToken);
            }

            await db.StoreAsync("link.givenup", cancellationToken);
            return await lost.MinAsync(a => a.LostAt, cancellationToken);
        },
        cancellationToken);

    private static async Task MoveAsync(AppDb db, AgentRow agent, string state, CancellationToken cancellationToken)
    {
        agent.State = state;
        foreach (var host in await db.Hosts.Where(h => h.AgentId == agent.Id && h.Removed == null).ToListAsync(cancellationToken))
        {
            host.AgentState = state;
        }
    }
}

/// <summary>An agent's moves that pass at once, along <see cref="Lifecycles.Agent"/>.</summary>
internal static class AgentMoves
{
    /// <summary>Its link stands.</summary>
    public static string Up(string state) => state switch
    {
        "active" => state,
        "disconnected" or "disconnecting" => Up(Lifecycles.Agent.Start("reconnect", state)!),
        "reconnecting" or "reconnected" => Lifecycles.Agent.Pass("finishreconnect", state)!,
        _ => Lifecycles.Agent.Pass("activate", state) ?? state,
    };

    public static string Lost(string state) => Lifecycles.Agent.Start("reconnect", state) ?? state;

    public static string GivenUp(string state) => Lifecycles.Agent.Pass("disconnect", state) ?? state;
}
