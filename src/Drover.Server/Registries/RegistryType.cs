using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Registries;

/// <summary>Registries of container images that an environment pulls from with a login of its own (cattle-api §5.2).</summary>
internal sealed partial class RegistryType : StoredType<RegistryRow>
{
    private const Roles Keepers = Roles.Restricted | Roles.Infrastructure;

    public RegistryType()
        : base("registry", Lifecycles.Generic)
    {
        Access.Allow(Keepers, Verbs.All).Allow(Roles.ReadOnly, Verbs.Read);
        Column("serverAddress", "string", r => r.ServerAddress, (r, v) => r.ServerAddress = v!.GetValue<string>())
            .Creatable().Required().Length(1, 255).Checked(Address).Filter(nameof(RegistryRow.ServerAddress)).Says("As in the names of its images: registry.example.com:5000; Docker Hub is index.docker.io.");
        PassingAction("activate", Keepers);
        PassingAction("deactivate", Keepers);
        RemoveAction(Keepers);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "credentials", Target = "registryCredential", ForeignProperty = nameof(CredentialRow.RegistryId) });
    }

    protected override async Task PrepareAsync(ApiContext context, RegistryRow row, JsonObject body)
    {
        if (await context.Db.Registries.AnyAsync(r => r.AccountId == row.AccountId && r.ServerAddress == row.ServerAddress && r.Removed == null, context.Aborted))
        {
            throw new ApiError(400, "ServerAddressUsed", $"There is a registry '{row.ServerAddress}' in this environment already.", "serverAddress");
        }
    }

    /// <summary>Also without a deactivation before, and with its credentials: nothing runs on them.</summary>
    protected override async Task RemoveAsync(ApiContext context, RegistryRow row)
    {
        (row.State, row.Removed) = ("removed", context.Now());
        foreach (var credential in await context.Db.Credentials.Where(c => c.RegistryId == row.Id && c.Removed == null).ToListAsync(context.Aborted))
        {
            AccountRemoval.Remove(credential, context.Now());
        }
    }

    private static JsonNode Address(JsonNode value)
    {
        var text = ((string)value!).Trim().ToLowerInvariant();
        text = text is "docker.io" or "registry-1.docker.io" ? RegistryLogins.DockerHub : text;
        return Grammar().IsMatch(text) ? text : throw ApiError.Invalid("InvalidFormat", "serverAddress", "Write the registry as images name it, without a scheme or path: registry.example.com or registry.example.com:5000.");
    }

    [GeneratedRegex(@"^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$", RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
