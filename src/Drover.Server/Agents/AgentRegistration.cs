using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>Gives an agent its keys for the key K that it made up: the same for the same K, and a machine's token only once (cattle-api §3.5). By
/// <c>POST /v1/register</c>, or by the hello of a link that was opened with a token.</summary>
internal sealed class AgentRegistration(Secrets secrets, TimeProvider time)
{
    public const int LeastKey = 16;
    public const int MostKey = 255;

    /// <summary>Within the caller's transaction.</summary>
    public async Task<RegisterRow> TakeAsync(AppDb db, long tokenId, string key, CancellationToken cancellationToken)
    {
        var hash = Secrets.Hash(key);
        var token = await db.Credentials.FirstAsync(c => c.Id == tokenId, cancellationToken);
        var before = await db.Registers.Where(r => r.TokenId == token.Id && r.Removed == null).ToListAsync(cancellationToken);
        if (before.Find(r => r.KeyHash == hash) is { } known)
        {
            return known;
        }

        if (token.MachineId is not null && before.Count > 0)
        {
            throw ApiError.Forbidden("This registration token was for one registration of one machine, and has been used.");
        }

        var agent = await AgentAccounts.MakeAsync(db, token, secrets, time.GetUtcNow(), cancellationToken);
        var row = new RegisterRow
        {
            Uuid = agent.Agent.Uuid,
            Kind = "register",
            State = "active",
            AccountId = token.AccountId,
            Created = time.GetUtcNow(),
            KeyHash = hash,
            TokenId = token.Id,
            AgentId = agent.Agent.Id,
            AccessKey = agent.AccessKey,
        };
        db.Registers.Add(row);
        await db.StoreAsync("register.create", cancellationToken);
        return row;
    }

    /// <summary>Runs <paramref name="write"/> in a transaction; once more when the same key came twice at once and the other was first.</summary>
    public static async Task<T> OnceMoreAsync<T>(AppDb db, Func<Task<T>> write)
    {
        try
        {
            return await write();
        }
        catch (DbUpdateException e) when (e is not DbUpdateConcurrencyException)
        {
            db.ChangeTracker.Clear();
            return await write();
        }
    }

    public string SecretOf(RegisterRow row) => secrets.AgentSecret(row.AccessKey);
}
