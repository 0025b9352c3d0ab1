using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Processes;

/// <summary>Processes as a visible history: of the whole system, or of the environment's resources.</summary>
internal sealed class ProcessInstanceType : TableType<ProcessRow>
{
    public ProcessInstanceType()
    {
        Access.Allow(Roles.Clients & ~Roles.User, Verbs.Read);
        Add(new Field { Name = "id", Type = "string" }).Filter(nameof(ProcessRow.Id));
        Column("processName", "string", r => r.ProcessName).Filter(nameof(ProcessRow.ProcessName));
        Column("resourceType", "string", r => r.ResourceType).Filter(nameof(ProcessRow.ResourceType));
        Column("resourceId", "string", r => ResourceIdOf(r)).Filter(nameof(ProcessRow.ResourceId));
        Reference("accountId", "account", "a", r => r.AccountId).Filter(nameof(ProcessRow.AccountId));
        Column("phase", "string", r => r.Phase).Filter(nameof(ProcessRow.Phase));
        Column("exitReason", "string", r => r.ExitReason).Filter(nameof(ProcessRow.ExitReason));
        Column("result", "string", r => r.ExitReason switch { null => null, ExitReasons.Done => "SUCCESS", _ => "FAILED" });
        Column("message", "string", r => r.Message);
        Column("runs", "int", r => r.Runs);
        Column("attempt", "int", r => r.Attempt);
        Column("eventName", "string", r => r.EventName).ReadBy(Roles.Admin | Roles.Service);
        Column("runningProcessServerId", "string", r => r.LockOwner).ReadBy(Roles.Admin | Roles.Service);
        DateField.Add<ProcessRow>(this, "startTime", r => r.StartTime).Filter(nameof(ProcessRow.StartTime));
        DateField.Add<ProcessRow>(this, "endTime", r => r.EndTime).Filter(nameof(ProcessRow.EndTime));
        DateField.Add<ProcessRow>(this, "runAfter", r => r.DueAt).Filter(nameof(ProcessRow.DueAt));
    }

    protected override IQueryable<ProcessRow> Scope(ApiContext context, IQueryable<ProcessRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(p => p.AccountId == context.Caller.AccountId);

    protected override JsonObject Write(ProcessRow row, OutputContext context)
    {
        var id = Ids.Format(IdLetters, row.Id);
        var json = new JsonObject
        {
            ["id"] = id,
            ["type"] = Name,
            ["baseType"] = BaseName,
            ["links"] = new JsonObject { ["self"] = $"{context.Root}/{PathName}/{id}" },
            ["actions"] = new JsonObject(),
        };
        ResourceWriter.WriteFields(json, this, row, context);
        return json;
    }

    private static string ResourceIdOf(ProcessRow row) => Ids.Format(row.ResourceType == "physicalHost" ? "ph" : "h", row.ResourceId);
}
