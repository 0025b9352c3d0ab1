using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Agents;

/// <summary>Agents, to read: for the control plane's own parts, and each for itself.</summary>
internal sealed class AgentType : StoredType<AgentRow>
{
    public AgentType()
        : base("agent", Lifecycles.Agent)
    {
        Access.Allow(Roles.Admin | Roles.Service | Roles.Agent, Verbs.Read);
        Column("uri", "string", r => r.Uri).Filter(nameof(AgentRow.Uri));
        Column("managedConfig", "boolean", _ => false);
        Reference("resourceAccountId", "account", "a", r => r.ResourcesAccountId).Filter(nameof(AgentRow.ResourcesAccountId));
        Reference("physicalHostId", "physicalHost", "ph", r => r.MachineId).Filter(nameof(AgentRow.MachineId));
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId, Readers = Roles.Admin | Roles.Service });
        Links.Add(new LinkRule { Name = "hosts", Target = "host", ForeignProperty = nameof(HostRow.AgentId), Readers = Roles.Admin | Roles.Service });
    }

    protected override IQueryable<AgentRow> Scope(ApiContext context, IQueryable<AgentRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(a => a.Id == context.Caller.AgentId);
}

/// <summary>Exists so that agents know their keys for an agent's (cattle-api §3.5, step 6); there is nothing in it.</summary>
internal sealed class ConfigContentType : ResourceType
{
    public ConfigContentType()
    {
        Access.Allow(Roles.Agent, Verbs.Read);
        Plain("id", "string");
    }
}
