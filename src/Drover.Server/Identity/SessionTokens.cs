using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Logins. The client's token is a signed JWT (HS256) that names a session row: the signature stops guessing, the row makes logging out real.</summary>
internal sealed class SessionTokens(Secrets secrets, ServerOptions options, TimeProvider time)
{
    private readonly SignedTokens _tokens = new(secrets, "session");

    /// <summary>Adds a session to <paramref name="db"/> and returns its token; the caller stores.</summary>
    public (string Token, SessionRow Session) Begin(AppDb db, long accountId)
    {
        var now = time.GetUtcNow();
        var session = new SessionRow
        {
            Key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            AccountId = accountId,
            Created = now,
            ExpiresAt = now + options.SessionLifetime,
        };
        db.Sessions.Add(session);
        var token = _tokens.Sign(new JsonObject { ["jti"] = session.Key, ["sub"] = $"{accountId}", ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = session.ExpiresAt.ToUnixTimeSeconds() });
        return (token, session);
    }

    /// <summary>The session that a token names, if the token is ours and the session still lives.</summary>
    public async Task<SessionRow?> FindAsync(AppDb db, string token, CancellationToken cancellationToken)
    {
        if (_tokens.Read(token) is not { } claims)
        {
            return null;
        }

        var key = (string?)claims["jti"];
        var now = time.GetUtcNow();
        return await db.Sessions.AsNoTracking().FirstOrDefaultAsync(s => s.Key == key && s.ExpiresAt > now, cancellationToken);
    }
}
