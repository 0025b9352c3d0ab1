using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Server.Agents;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Containers;
using Drover.Server.Containers.Access;
using Drover.Server.Machines;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Hosts;

/// <summary>Docker hosts (cattle-api §3.2): they appear when an agent says hello, and go with their machine.</summary>
internal sealed class HostType : StoredType<HostRow>
{
    private readonly ProcessEngine _engine;
    private readonly AgentRemoval _removal;

    public HostType(HostLoads loads, LoadPast past, ProcessEngine engine, AgentRemoval removal, HostStreams streams, StreamTokens tokens, Inventories inventories, ContainerBoard board)
        : base("docker", Lifecycles.Host)
    {
        (_engine, _removal) = (engine, removal);
        const Roles Keepers = Roles.Infrastructure;
        Access.Allow(Keepers, Verbs.Read | Verbs.Update | Verbs.Delete | Verbs.Act).Allow(Roles.Restricted | Roles.ReadOnly | Roles.User, Verbs.Read);
        Add(new Field { Name = "state", Type = "enum", Get = (r, c) => ShownState((HostRow)r, c) }).Filter(nameof(HostRow.State));
        Column("hostname", "string", r => r.Hostname).Filter(nameof(HostRow.Hostname));
        Column("agentState", "string", r => r.AgentState).Filter(nameof(HostRow.AgentState));
        Reference("agentId", "agent", "a", r => r.AgentId).ReadBy(Roles.Admin | Roles.Service).Filter(nameof(HostRow.AgentId));
        Reference("physicalHostId", "physicalHost", "ph", r => r.MachineId).Filter(nameof(HostRow.MachineId));
        Column("reportedUuid", "string", r => r.ReportedUuid).Filter(nameof(HostRow.ReportedUuid));
        Column("driver", "string", r => r.MachineId is null ? null : (string?)r.Fields["driver"]);
        Bag("labels", "map[string]").Creatable().Updatable();
        Bag("info", "json");
        Bag("agentIpAddress", "string");
        Bag("agentVersion", "string");
        Given("memory");
        Given("milliCpu");
        Given("localStorageMb");
        Column("instanceIds", "array[reference[instance]]", _ => new JsonArray());
        Column("publicEndpoints", "array[json]", _ => new JsonArray());
        Add(new Field { Name = "load", Type = "json", Get = (r, _) => Load(loads.Latest(((HostRow)r).Id)) }).Says("The latest sample of what it is doing.");
        PassingAction("activate", Keepers);
        PassingAction("deactivate", Keepers);
        RemoveAction(Keepers);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "agent", Target = "agent", Id = r => ((HostRow)r).AgentId, Readers = Roles.Admin | Roles.Service });
        Links.Add(new LinkRule { Name = "physicalHost", Target = "physicalHost", Id = r => ((HostRow)r).MachineId });
        Links.Add(new LinkRule { Name = HostStreams.Link, Target = "host", Readers = Keepers, Custom = (context, row) => streams.RunAsync(context, (HostRow)row) });
        Links.Add(new LinkRule { Name = "loads", Target = "hostLoad", Custom = (context, row) => LoadsAsync(context, loads, past, row) });
        Links.Add(new LinkRule { Name = "instances", Target = "container", ForeignProperty = nameof(ContainerRow.HostId) });
        HostAccess.AddTo(this, tokens, inventories, board);
    }

    /// <summary>Not from active, as in Cattle. The host's machine goes with it.</summary>
    protected override async Task RemoveAsync(ApiContext context, HostRow row)
    {
        var next = Lifecycle.Start("remove", row.State) ?? throw ApiError.Method($"The host is {row.State}; deactivate it first.");
        var machine = await context.Db.Machines.FirstOrDefaultAsync(m => m.Id == row.MachineId && m.Removed == null, context.Aborted);
        if (machine is not null)
        {
            MachineKeeping.RefuseIfProtected(machine);
        }

        row.State = next;
        if (machine is { Kind: "machine" })
        {
            if (machine.State != "removing")
            {
                await MachineRemoval.StartAsync(context.Db, _engine, machine, context.Aborted);
            }

            return;
        }

        row.State = "removed";
        row.Removed = context.Now();
        if (machine is not null)
        {
            await _removal.RemoveOfMachineAsync(context.Db, machine, context.Now(), context.Aborted);
            machine.State = "removed";
            machine.Removed = context.Now();
        }
    }

    /// <summary>In v2-beta an active host shows its agent's state while that is another.</summary>
    private static string ShownState(HostRow row, OutputContext context) =>
        !context.IsV1 && row.State == "active" && row.AgentState is { } agent && agent != "active" ? agent : row.State;

    private static JsonNode? Load(HostLoad? sample) => sample is null ? null : JsonSerializer.SerializeToNode(sample, AgentJson.Default.HostLoad);

    /// <summary>The live samples, or a part of the last day.</summary>
    private static async Task<ApiResult> LoadsAsync(ApiContext context, HostLoads loads, LoadPast past, ResourceRow row)
    {
        if (LoadQuery.Read(name => context.Http.Request.Query[name].FirstOrDefault(), context.Now()) is not { } query)
        {
            return History(context, loads, row);
        }

        var answer = query.Write(await past.ReadAsync(context.Db, row.Id, query.First, context.Aborted));
        answer["links"] = new JsonObject { ["self"] = $"{context.Root}/hosts/{Api.Ids.Format("h", row.Id)}/loads{context.Http.Request.QueryString}" };
        return ApiResult.Ok(answer);
    }

    private static ApiResult History(ApiContext context, HostLoads loads, ResourceRow row) => ApiResult.Ok(new JsonObject
    {
        ["type"] = "collection",
        ["resourceType"] = "hostLoad",
        ["links"] = new JsonObject { ["self"] = $"{context.Root}/hosts/{Api.Ids.Format("h", row.Id)}/loads" },
        ["data"] = new JsonArray([.. loads.History(row.Id).Select(Load)]),
    });

    /// <summary>A size that the agent reports and a user may overrule.</summary>
    private void Given(string name) => Add(new Field
    {
        Name = name,
        Type = "int",
        Get = (row, _) => ((HostRow)row).Fields[name]?.DeepClone(),
        Set = (row, value) =>
        {
            var fields = (JsonObject)row.Fields.DeepClone();
            var given = fields["given"] as JsonArray ?? [];
            fields["given"] = new JsonArray([.. given.Select(g => g!.GetValue<string>()).Append(name).Distinct().Select(g => (JsonNode)g)]);
            fields[name] = value?.DeepClone();
            row.Fields = fields;
        },
    }).Updatable().Range(0, long.MaxValue);
}

/// <summary>Machines of any kind under their base type, to read: those that were asked for and those of hosts added by hand.</summary>
internal sealed class PhysicalHostType : StoredType<MachineRow>
{
    public PhysicalHostType()
        : base("physicalHost", Lifecycles.Machine)
    {
        Access.Allow(Roles.Clients & ~Roles.User, Verbs.Read);
        MachineFields.AddTo(this);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "hosts", Target = "host", ForeignProperty = nameof(HostRow.MachineId) });
    }

    public override bool Describes(ResourceRow row) => row is MachineRow && row.Kind == Kind;
}
