using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Keys: of the user's own account, or, made inside an environment, of that environment. The secret is shown once and stored hashed.</summary>
internal sealed class ApiKeyType : StoredType<CredentialRow>
{
    private const Roles Makers = Roles.User | Roles.Owner | Roles.Member | Roles.Project | Roles.Service | Roles.Admin;

    public ApiKeyType()
        : base(CredentialKinds.ApiKey, Lifecycles.Generic)
    {
        SharesTable = true;
        Access.Allow(Makers, Verbs.All);
        FindField("accountId")!.WrittenBy(Roles.Admin);
        Column("publicValue", "string", r => r.PublicValue, (r, v) => r.PublicValue = v?.GetValue<string>() ?? "")
            .Creatable().WrittenBy(Roles.Admin).Length(8, 128).Chars("a-zA-Z0-9_-").Filter(nameof(CredentialRow.PublicValue));
        Column("secretValue", "password", r => r.Revealed, (r, v) => r.Revealed = v?.GetValue<string>())
            .Creatable().WrittenBy(Roles.Admin).Length(16, 128).ShownOnce();
        PassingAction("activate", Makers);
        PassingAction("deactivate", Makers);
        RemoveAction(Makers);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
    }

    protected override async Task PrepareAsync(ApiContext context, CredentialRow row, System.Text.Json.Nodes.JsonObject body)
    {
        if (row.PublicValue.Length == 0)
        {
            row.PublicValue = Secrets.NewAccessKey();
        }
        else if (await context.Db.Credentials.AnyAsync(c => c.PublicValue == row.PublicValue && c.Removed == null, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "publicValue", "There is a key with this access key already.");
        }

        row.Revealed ??= Secrets.NewSecretKey();
        row.SecretHash = Secrets.Hash(row.Revealed);
    }

    protected override async Task RemoveAsync(ApiContext context, CredentialRow row)
    {
        await base.RemoveAsync(context, row);
        row.SecretHash = null;
    }
}
