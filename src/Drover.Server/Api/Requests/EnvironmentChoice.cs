using System.Text.Json.Nodes;
using Drover.Server.Identity;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Requests;

/// <summary>Which environment a new row belongs to: the chosen one, the one that admin or service names, or the only one there is.</summary>
internal static class EnvironmentChoice
{
    public static async Task<long> ForAsync(ApiContext context, string type, JsonObject body)
    {
        var caller = context.Caller;
        if (caller.ProjectId is { } chosen)
        {
            return chosen;
        }

        if (caller.SeesAll && (body["accountId"] is not null || body["physicalHostId"] is not null))
        {
            // The field's own check resolves it, or the machine says it, and sets it afterwards.
            return caller.AccountId;
        }

        var environments = context.Db.Accounts.Where(a => a.Kind == AccountKinds.Project && a.Removed == null);
        if (!caller.SeesAll)
        {
            var identity = Members.IdentityOf(caller.UserId);
            environments = environments.Where(a => context.Db.ProjectMembers.Any(m =>
                m.ProjectId == a.Id && m.Removed == null && m.ExternalId == identity && m.ExternalIdType == Members.LocalIdType && (m.Role == "owner" || m.Role == "member")));
        }

        var ids = await environments.OrderBy(a => a.Id).Select(a => a.Id).Take(2).ToListAsync(context.Aborted);
        return ids.Count == 1
            ? ids[0]
            : throw ApiError.Invalid("MissingRequired", "accountId", $"Choose the environment of the {type}: send the request to {context.Origin}/{context.Path.Version}/projects/ID/…");
    }
}
