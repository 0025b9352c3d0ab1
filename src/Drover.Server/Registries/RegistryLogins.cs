using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Registries;

/// <summary>What is told to a Docker that pulls from a registry which wants a login.</summary>
internal sealed record RegistryLogin(string Server, string User, string Secret);

/// <summary>The logins of environments at registries.</summary>
internal sealed class RegistryLogins(Database database, Secrets secrets)
{
    /// <summary>Docker Hub as its logins name it; images name it <c>docker.io</c>, or not at all.</summary>
    public const string DockerHub = "index.docker.io";

    public const string Purpose = "registryCredential";

    /// <param name="registry">As the image names it.</param>
    /// <returns>Null where the environment has none.</returns>
    public async Task<RegistryLogin?> FindAsync(long? accountId, string registry, CancellationToken cancellationToken)
    {
        var address = registry == "docker.io" ? DockerHub : registry;
        var credential = await database.RunAsync(
            db => (from r in db.Registries
                   join c in db.Credentials on r.Id equals c.RegistryId
                   where r.AccountId == accountId && r.ServerAddress == address && r.State == "active" && c.Removed == null && c.State == "active"
                   select c).AsNoTracking().FirstOrDefaultAsync(cancellationToken),
            cancellationToken);
        return credential?.Sealed is { } box ? new RegistryLogin(address, credential.PublicValue, secrets.Unseal(Purpose, credential.Uuid, box)) : null;
    }
}
