using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Environments that the server makes itself.</summary>
internal static class FirstEnvironment
{
    /// <summary>A user without any environment gets one of his own at his first login (cattle-api §1.8).</summary>
    public static async Task EnsureAsync(AppDb db, AccountRow account, string login, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (account.Kind != AccountKinds.User || await Members.EnvironmentsOf(db, account.Id).AnyAsync(a => a.Removed == null, cancellationToken))
        {
            return;
        }

        await MakeAsync(db, $"{login}-Default", account.Id, now, cancellationToken);
    }

    /// <summary>Makes an environment with one owner; saves to learn its number.</summary>
    public static async Task<AccountRow> MakeAsync(AppDb db, string name, long ownerId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = new AccountRow { Uuid = Guid.NewGuid().ToString(), Kind = AccountKinds.Project, Name = name, State = "active", Created = now };
        row.Fields["orchestration"] = "cattle";
        db.Accounts.Add(row);
        await db.StoreAsync("environment.make", cancellationToken);
        row.AccountId = row.Id;
        await MemberList.ReplaceAsync(db, row.Id, [new MemberSpec("owner", Members.LocalIdType, Members.IdentityOf(ownerId))], now, cancellationToken);
        return row;
    }
}
