using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Registries;

/// <summary>The login of an environment at a registry (cattle-api §5.2). Its secret is stored sealed, is never shown, and leaves the server only to the Docker that pulls.</summary>
internal sealed class RegistryCredentialType : StoredType<CredentialRow>
{
    private const Roles Keepers = Roles.Restricted | Roles.Infrastructure;
    private readonly Secrets _secrets;

    public RegistryCredentialType(Secrets secrets)
        : base(CredentialKinds.Registry, Lifecycles.Generic)
    {
        _secrets = secrets;
        SharesTable = true;
        Access.Allow(Keepers, Verbs.All).Allow(Roles.ReadOnly, Verbs.Read);
        Reference("registryId", "registry", "sp", r => r.RegistryId, (r, v) => r.RegistryId = v).Creatable().Required().Filter(nameof(CredentialRow.RegistryId));
        Column("publicValue", "string", r => r.PublicValue, (r, v) => r.PublicValue = v!.GetValue<string>()).Creatable().Updatable().Required().Length(1, 128).Says("The user's name.");
        Column("secretValue", "password", _ => null, (r, v) => r.Revealed = v!.GetValue<string>()).Creatable().Updatable().Required().Length(1, 2048).Says("Password or token.");
        PassingAction("activate", Keepers);
        PassingAction("deactivate", Keepers);
        RemoveAction(Keepers);
        Links.Add(new LinkRule { Name = "registry", Target = "registry", Id = r => ((CredentialRow)r).RegistryId });
    }

    protected override Task CreatedAsync(ApiContext context, CredentialRow row)
    {
        Seal(row);
        return base.CreatedAsync(context, row);
    }

    protected override Task UpdatedAsync(ApiContext context, CredentialRow row)
    {
        Seal(row);
        return base.UpdatedAsync(context, row);
    }

    protected override async Task PrepareAsync(ApiContext context, CredentialRow row, JsonObject body)
    {
        if (await context.Db.Credentials.AnyAsync(c => c.RegistryId == row.RegistryId && c.Removed == null, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "registryId", "This registry has a login already; change that one, or remove it first.");
        }
    }

    /// <summary>Also without a deactivation before.</summary>
    protected override Task RemoveAsync(ApiContext context, CredentialRow row)
    {
        AccountRemoval.Remove(row, context.Now());
        return Task.CompletedTask;
    }

    private void Seal(CredentialRow row)
    {
        if (row.Revealed is { } secret)
        {
            (row.Sealed, row.Revealed) = (_secrets.Seal(RegistryLogins.Purpose, row.Uuid, secret), null);
        }
    }
}
