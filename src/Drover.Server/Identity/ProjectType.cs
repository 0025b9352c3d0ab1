using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Environments: accounts of kind <c>project</c> with members (cattle-api §5.1). Who is no member does not see them.</summary>
internal sealed class ProjectType : StoredType<AccountRow>
{
    private const Roles Askers = Roles.User | Roles.Admin | Roles.Service | Roles.InEnvironment;
    private readonly ProjectRemoval _removal;

    public ProjectType(ProjectRemoval removal)
        : base(AccountKinds.Project, Lifecycles.Generic)
    {
        _removal = removal;
        SharesTable = true;
        Access.Allow(Roles.Admin | Roles.User | Roles.Service, Verbs.All)
            .Allow(Roles.InEnvironment, Verbs.Read | Verbs.Update | Verbs.Delete | Verbs.Act);
        FindField("name")!.Required().Length(1, 255);
        Plain("members", "array[projectMember]").Creatable();
        Bag("orchestration", "string").Default("cattle");
        Column("virtualMachine", "boolean", _ => false);
        Column("allowSystemRole", "boolean", _ => false);
        Column("healthState", "string", _ => "healthy");
        Links.Add(new LinkRule { Name = "projectMembers", Target = "projectMember", ForeignProperty = nameof(ProjectMemberRow.ProjectId) });
        Links.Add(new LinkRule { Name = "schemas", Target = "schema", Url = (row, c) => $"{EnvironmentRoot(c.Root, row)}/schemas" });
        foreach (var (name, target) in new[] { ("machines", "machine"), ("hosts", "host"), ("registrationTokens", "registrationToken"), ("apiKeys", "apiKey") })
        {
            Links.Add(new LinkRule { Name = name, Target = target, ForeignProperty = nameof(ResourceRow.AccountId), Url = (row, c) => $"{EnvironmentRoot(c.Root, row)}/{name.ToLowerInvariant()}" });
        }

        OwnerAction("activate");
        OwnerAction("deactivate");
        Actions.Add(new ActionRule
        {
            Name = "setmembers",
            Roles = Askers,
            Input = "setProjectMembersInput",
            Output = "setProjectMembersInput",
            Available = row => row.State == "active",
            Offered = (row, c) => Owns(row, c),
            Run = SetMembersAsync,
        });
        Actions.Add(new ActionRule
        {
            Name = "remove",
            Roles = Askers,
            Output = "project",
            Available = row => row.State is "active" or "inactive",
            Offered = (row, c) => Owns(row, c),
            Run = async (context, row, _) =>
            {
                await MayChangeAsync(context, (AccountRow)row);
                await RemoveAsync(context, (AccountRow)row);
                return null;
            },
        });
    }

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body) =>
        context.Caller.ProjectId is not null
            ? throw ApiError.Forbidden("An environment cannot make environments; use your own account.")
            : await base.CreateAsync(context, body);

    protected override IQueryable<AccountRow> Scope(ApiContext context, IQueryable<AccountRow> rows)
    {
        var caller = context.Caller;
        if (caller.Role == Roles.Service)
        {
            return rows;
        }

        var byId = context.Path.Segments.Count > 1;
        if (caller.Role == Roles.Admin && (byId || context.Http.Request.Query["all"] == "true"))
        {
            return rows;
        }

        var mine = Members.EnvironmentsOf(context.Db, caller.UserId).Select(a => a.Id);
        return rows.Where(x => mine.Contains(x.Id) || x.Id == caller.ProjectId);
    }

    protected override async Task BeforeWriteAsync(ApiContext context, IReadOnlyList<AccountRow> rows)
    {
        var identity = Members.IdentityOf(context.Caller.UserId);
        var members = await context.Db.ProjectMembers.AsNoTracking().Where(m => m.ExternalId == identity && m.Removed == null).ToListAsync(context.Aborted);
        context.Memberships = members.GroupBy(m => m.ProjectId).ToDictionary(g => g.Key, g => Members.RoleOf(Members.RoleNames.First(r => g.Any(m => m.Role == r))));
    }

    protected override async Task CreatedAsync(ApiContext context, AccountRow row)
    {
        row.AccountId = row.Id;
        await base.CreatedAsync(context, row);
        var asked = context.Http.Items["members"] as JsonArray;
        var members = asked is { Count: > 0 }
            ? MemberList.Read(asked)
            : [new MemberSpec("owner", Members.LocalIdType, Members.IdentityOf(context.Caller.UserId))];
        await MemberList.ReplaceAsync(context.Db, row.Id, members, context.Now(), context.Aborted);
        await BeforeWriteAsync(context, [row]);
    }

    protected override Task PrepareAsync(ApiContext context, AccountRow row, JsonObject body)
    {
        context.Http.Items["members"] = body["members"];
        return Task.CompletedTask;
    }

    protected override async Task MayChangeAsync(ApiContext context, AccountRow row)
    {
        await BeforeWriteAsync(context, [row]);
        if (!Owns(row, context.Output))
        {
            throw ApiError.Forbidden("Only an owner of the environment may do this.");
        }
    }

    protected override Task RemoveAsync(ApiContext context, AccountRow row)
    {
        if (row.State == "active")
        {
            row.State = Lifecycle.Pass("deactivate", row.State)!;
        }

        return _removal.RemoveAsync(context, row);
    }

    private static bool Owns(ResourceRow row, Api.Output.OutputContext context) =>
        context.Role is Roles.Admin or Roles.Service || (context.Role == Roles.Owner && context.Root.EndsWith('/' + Api.Ids.Format("a", row.Id), StringComparison.Ordinal))
        || context.Memberships?.GetValueOrDefault(row.Id) == Roles.Owner;

    private static string EnvironmentRoot(string root, ResourceRow row)
    {
        var cut = root.IndexOf("/projects/", StringComparison.Ordinal);
        return $"{(cut < 0 ? root : root[..cut])}/projects/{Api.Ids.Format("a", row.Id)}";
    }

    private void OwnerAction(string name) => Actions.Add(new ActionRule
    {
        Name = name,
        Roles = Askers,
        Output = "project",
        Available = row => Lifecycle.Start(name, row.State) is not null,
        Offered = (row, c) => Owns(row, c),
        Run = async (context, row, _) =>
        {
            await MayChangeAsync(context, (AccountRow)row);
            row.State = Lifecycle.Pass(name, row.State)!;
            return null;
        },
    });

    private async Task<JsonObject?> SetMembersAsync(ApiContext context, ResourceRow row, JsonObject body)
    {
        await MayChangeAsync(context, (AccountRow)row);
        if (body["members"] is not JsonArray { Count: > 0 } asked)
        {
            throw ApiError.Invalid("MissingRequired", "members", "Give the whole list of members; it replaces the present one.");
        }

        await MemberList.ReplaceAsync(context.Db, row.Id, MemberList.Read(asked), context.Now(), context.Aborted);
        await BeforeWriteAsync(context, [(AccountRow)row]);
        return new JsonObject { ["type"] = "setProjectMembersInput", ["links"] = new JsonObject(), ["actions"] = new JsonObject(), ["members"] = asked.DeepClone() };
    }
}
