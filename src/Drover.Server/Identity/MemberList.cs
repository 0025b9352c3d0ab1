using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>One member as asked for.</summary>
internal sealed record MemberSpec(string Role, string ExternalIdType, string ExternalId);

/// <summary>Reads and stores the whole list of an environment's members; there is no other way to change them (cattle-api §5.1).</summary>
internal static class MemberList
{
    public static IReadOnlyList<MemberSpec> Read(JsonArray members)
    {
        var list = members.Select(ReadOne).ToList();
        return list.Exists(m => m.Role == "owner")
            ? list
            : throw new ApiError(400, "InvalidFormat", "An environment needs at least one owner.", "members");
    }

    public static async Task ReplaceAsync(AppDb db, long projectId, IReadOnlyList<MemberSpec> wanted, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var member in wanted)
        {
            if (member.ExternalIdType == Members.LocalIdType
                && (!Ids.TryParse(member.ExternalId, out var id) || !await db.Accounts.AnyAsync(a => a.Id == id && a.Removed == null, cancellationToken)))
            {
                throw new ApiError(400, "InvalidFormat", $"There is no account '{member.ExternalId}'.", "members");
            }
        }

        var present = await db.ProjectMembers.Where(m => m.ProjectId == projectId && m.Removed == null).ToListAsync(cancellationToken);
        foreach (var gone in present.Where(p => !wanted.Any(w => Same(p, w))))
        {
            gone.State = "removed";
            gone.Removed = now;
        }

        foreach (var member in wanted.Distinct().Where(w => !present.Exists(p => Same(p, w))))
        {
            db.ProjectMembers.Add(new ProjectMemberRow
            {
                Uuid = Guid.NewGuid().ToString(),
                Kind = "projectMember",
                State = "active",
                AccountId = projectId,
                ProjectId = projectId,
                Created = now,
                Role = member.Role,
                ExternalIdType = member.ExternalIdType,
                ExternalId = member.ExternalId,
            });
        }
    }

    private static bool Same(ProjectMemberRow row, MemberSpec spec) =>
        row.Role == spec.Role && row.ExternalIdType == spec.ExternalIdType && row.ExternalId == spec.ExternalId;

    private static MemberSpec ReadOne(JsonNode? node)
    {
        string Text(string field) => (node as JsonObject)?[field] is JsonValue v && v.GetValueKind() == JsonValueKind.String && v.GetValue<string>() is { Length: > 0 and <= 128 } text
            ? text
            : throw new ApiError(400, "InvalidFormat", $"Every member needs '{field}'.", "members");
        var role = Text("role");
        return Members.RoleNames.Contains(role, StringComparer.Ordinal)
            ? new MemberSpec(role, Text("externalIdType"), Text("externalId"))
            : throw new ApiError(400, "InvalidFormat", $"'{role}' is no role; there are {string.Join(", ", Members.RoleNames)}.", "members");
    }
}
