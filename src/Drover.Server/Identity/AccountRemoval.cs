using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>What goes with an account: its keys, passwords and logins.</summary>
internal static class AccountRemoval
{
    public static async Task RemoveCredentialsAsync(AppDb db, long accountId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var credential in await db.Credentials.Where(c => c.AccountId == accountId && c.Removed == null).ToListAsync(cancellationToken))
        {
            Remove(credential, now);
        }

        db.Sessions.RemoveRange(await db.Sessions.Where(s => s.AccountId == accountId).ToListAsync(cancellationToken));
    }

    /// <summary>A removed credential keeps no hash and no secret.</summary>
    public static void Remove(CredentialRow credential, DateTimeOffset now)
    {
        credential.State = "removed";
        credential.Removed = now;
        credential.SecretHash = null;
        credential.Sealed = null;
    }
}
