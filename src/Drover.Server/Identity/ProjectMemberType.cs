using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Identity;

/// <summary>Members of environments, to read; <c>setmembers</c> changes them.</summary>
internal sealed class ProjectMemberType : StoredType<ProjectMemberRow>
{
    public ProjectMemberType()
        : base("projectMember", Lifecycles.Generic)
    {
        Access.Allow(Roles.Clients, Verbs.Read);
        Reference("projectId", "project", "a", r => r.ProjectId).Filter(nameof(ProjectMemberRow.ProjectId));
        Column("role", "enum", r => r.Role).OneOf([.. Members.RoleNames]).Filter(nameof(ProjectMemberRow.Role));
        Column("externalIdType", "string", r => r.ExternalIdType).Filter(nameof(ProjectMemberRow.ExternalIdType));
        Column("externalId", "string", r => r.ExternalId).Filter(nameof(ProjectMemberRow.ExternalId));
    }

    protected override IQueryable<ProjectMemberRow> Scope(ApiContext context, IQueryable<ProjectMemberRow> rows)
    {
        var caller = context.Caller;
        if (caller.SeesAll)
        {
            return rows;
        }

        if (caller.ProjectId is { } project)
        {
            return rows.Where(m => m.ProjectId == project);
        }

        var mine = Members.EnvironmentsOf(context.Db, caller.UserId).Select(a => a.Id);
        return rows.Where(m => mine.Contains(m.ProjectId));
    }
}
