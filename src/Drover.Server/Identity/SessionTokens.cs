using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Logins. The client's token is a signed JWT (HS256) that names a session row: the signature stops guessing, the row makes logging out real.</summary>
internal sealed class SessionTokens(Secrets secrets, ServerOptions options, TimeProvider time)
{
    private static readonly string Header = Encode("""{"alg":"HS256","typ":"JWT"}"""u8);

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
        var payload = Encode(Encoding.UTF8.GetBytes(
            $$"""{"jti":"{{session.Key}}","sub":"{{accountId}}","iat":{{now.ToUnixTimeSeconds()}},"exp":{{session.ExpiresAt.ToUnixTimeSeconds()}}}"""));
        return ($"{Header}.{payload}.{Sign(payload)}", session);
    }

    /// <summary>The session that a token names, if the token is ours and the session still lives.</summary>
    public async Task<SessionRow?> FindAsync(AppDb db, string token, CancellationToken cancellationToken)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || parts[0] != Header || !Secrets.Same(parts[2], Sign(parts[1])))
        {
            return null;
        }

        using var payload = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        var key = payload.RootElement.GetProperty("jti").GetString();
        var now = time.GetUtcNow();
        return await db.Sessions.AsNoTracking().FirstOrDefaultAsync(s => s.Key == key && s.ExpiresAt > now, cancellationToken);
    }

    private string Sign(string payload) => Base64Url.EncodeToString(secrets.Derive("session", $"{Header}.{payload}"));

    private static string Encode(ReadOnlySpan<byte> utf8) => Base64Url.EncodeToString(utf8);
}
