using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Identity;

/// <summary>Accounts of every kind. Administrators make people and services; everybody sees the one they act as.</summary>
internal sealed class AccountType : StoredType<AccountRow>
{
    public AccountType()
        : base(AccountKinds.User, Lifecycles.Generic)
    {
        Access.Allow(Roles.Admin, Verbs.All).Allow(Roles.Service | Roles.People, Verbs.Read);
        Column("kind", "enum", r => r.Kind, (r, v) => r.Kind = v!.GetValue<string>())
            .Creatable().Default(AccountKinds.User).OneOf([.. AccountKinds.Creatable]).Filter(nameof(AccountRow.Kind));
        Bag("identity", "json");
        PassingAction("activate", Roles.Admin);
        PassingAction("deactivate", Roles.Admin);
        RemoveAction(Roles.Admin);
        Links.Add(new LinkRule { Name = "apiKeys", Target = "apiKey", ForeignProperty = nameof(CredentialRow.AccountId) });
    }

    public override bool Describes(ResourceRow row) => row is AccountRow { Kind: not AccountKinds.Project };

    protected override IQueryable<AccountRow> Scope(ApiContext context, IQueryable<AccountRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(x => x.Id == context.Caller.AccountId || x.Id == context.Caller.UserId);

    protected override Task CreatedAsync(ApiContext context, AccountRow row)
    {
        row.AccountId = row.Id;
        return base.CreatedAsync(context, row);
    }

    protected override Task MayChangeAsync(ApiContext context, AccountRow row) =>
        row.Id == context.Caller.UserId && AccessRule.MethodOf(context.Http.Request) != "PUT"
            ? throw ApiError.Forbidden("You cannot deactivate or delete the account that you are using.")
            : row.Kind is AccountKinds.Project or AccountKinds.Agent or AccountKinds.Register
                ? throw ApiError.Forbidden($"An account of kind {row.Kind} is kept by the server.")
                : Task.CompletedTask;

    protected override async Task RemoveAsync(ApiContext context, AccountRow row)
    {
        await base.RemoveAsync(context, row);
        await AccountRemoval.RemoveCredentialsAsync(context.Db, row.Id, context.Now(), context.Aborted);
    }

}
