using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Server.Audit;

/// <summary>Writes who changed what, in the same transaction as the change.</summary>
internal static class AuditWriting
{
    public static void Audit(this ApiContext context, string type, string verb, ResourceRow row) =>
        context.Audit(type, verb, row.Id, row.Name ?? row.Uuid);

    public static void Audit(this ApiContext context, string type, string verb, long? resourceId, string what)
    {
        var caller = context.Caller;
        var description = $"{verb} {type} {what}";
        context.Db.Audit.Add(new AuditRow
        {
            Created = context.Http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(),
            AccountId = caller.IsAnonymous ? null : caller.AccountId,
            AuthenticatedAsAccountId = caller.IsAnonymous ? null : caller.UserId,
            AuthType = caller.AuthType,
            EventType = $"api.{type}.{verb}",
            ResourceType = type,
            ResourceId = resourceId,
            ClientIp = context.Http.Connection.RemoteIpAddress?.ToString() ?? "",
            Description = description.Length > 1024 ? description[..1024] : description,
        });
    }
}
