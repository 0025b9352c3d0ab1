using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Audit;

/// <summary>The audit log: who changed what, when and from where. An environment's people see their environment's part.</summary>
internal sealed class AuditLogType : TableType<AuditRow>
{
    public AuditLogType()
    {
        Access.Allow(Roles.Admin | Roles.Service | Roles.Owner | Roles.Member | Roles.Project | Roles.User, Verbs.Read);
        Add(new Field { Name = "id", Type = "string" }).Filter(nameof(AuditRow.Id));
        DateField.Add<AuditRow>(this, "created", r => r.Created).Filter(nameof(AuditRow.Created));
        Reference("accountId", "account", "a", r => r.AccountId).Filter(nameof(AuditRow.AccountId));
        Reference("authenticatedAsAccountId", "account", "a", r => r.AuthenticatedAsAccountId).Filter(nameof(AuditRow.AuthenticatedAsAccountId));
        Column("authType", "string", r => r.AuthType).Filter(nameof(AuditRow.AuthType));
        Column("eventType", "string", r => r.EventType).Filter(nameof(AuditRow.EventType));
        Column("resourceType", "string", r => r.ResourceType).Filter(nameof(AuditRow.ResourceType));
        Column("resourceId", "int", r => r.ResourceId).Filter(nameof(AuditRow.ResourceId));
        Column("clientIp", "string", r => r.ClientIp).Filter(nameof(AuditRow.ClientIp));
        Column("description", "string", r => r.Description);
    }

    protected override IQueryable<AuditRow> Scope(ApiContext context, IQueryable<AuditRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(a => a.AccountId == context.Caller.AccountId);

    protected override JsonObject Write(AuditRow row, OutputContext context)
    {
        var id = Ids.Format(IdLetters, row.Id);
        var json = new JsonObject
        {
            ["id"] = id,
            ["type"] = Name,
            ["links"] = new JsonObject { ["self"] = $"{context.Root}/{PathName}/{id}" },
            ["actions"] = new JsonObject(),
        };
        ResourceWriter.WriteFields(json, this, row, context);
        return json;
    }
}
