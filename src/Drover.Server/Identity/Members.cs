using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Who takes part in an environment, and as what.</summary>
internal static class Members
{
    /// <summary>The only kind of identity that exists without an outside directory.</summary>
    public const string LocalIdType = "rancher_id";

    /// <summary>Strongest first (cattle-api §5.1).</summary>
    public static IReadOnlyList<string> RoleNames { get; } = ["owner", "member", "restricted", "readonly"];

    public static string IdentityOf(long accountId) => Ids.Format("a", accountId);

    public static Roles RoleOf(string name) => name switch
    {
        "owner" => Roles.Owner,
        "member" => Roles.Member,
        "restricted" => Roles.Restricted,
        _ => Roles.ReadOnly,
    };

    /// <summary>The user's strongest role in the environment, or null.</summary>
    public static async Task<Roles?> RoleInAsync(AppDb db, long userId, long projectId, CancellationToken cancellationToken)
    {
        var identity = IdentityOf(userId);
        var names = await db.ProjectMembers.AsNoTracking()
            .Where(m => m.ProjectId == projectId && m.Removed == null && m.ExternalIdType == LocalIdType && m.ExternalId == identity)
            .Select(m => m.Role)
            .ToListAsync(cancellationToken);
        return names.Count == 0 ? null : RoleOf(RoleNames.First(r => names.Contains(r, StringComparer.Ordinal)));
    }

    /// <summary>The environments that the user is in, as a query.</summary>
    public static IQueryable<AccountRow> EnvironmentsOf(AppDb db, long userId)
    {
        var identity = IdentityOf(userId);
        return db.Accounts.Where(a => a.Kind == AccountKinds.Project && db.ProjectMembers.Any(m =>
            m.ProjectId == a.Id && m.Removed == null && m.ExternalIdType == LocalIdType && m.ExternalId == identity
            && (a.State == "active" || m.Role == "owner")));
    }
}
