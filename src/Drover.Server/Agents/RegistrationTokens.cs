using System.Globalization;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>Tokens with which hosts register: <c>ACCESSKEY:MILLISECONDS:SIGNATURE</c> (cattle-api §3.5), computed anew at each use and stored nowhere.</summary>
internal sealed class RegistrationTokens(Secrets secrets, TimeProvider time)
{
    public string TextOf(CredentialRow row)
    {
        var stem = string.Create(CultureInfo.InvariantCulture, $"{row.PublicValue}:{row.Created.ToUnixTimeMilliseconds()}");
        return $"{stem}:{Convert.ToBase64String(secrets.Derive("registration", stem)).Replace("/", "", StringComparison.Ordinal).Replace("+", "", StringComparison.Ordinal).TrimEnd('=')}";
    }

    /// <summary>The token's row, if it is genuine, active, not expired, and its machine (if it is for one) still lives.</summary>
    public async Task<CredentialRow?> FindAsync(AppDb db, string token, CancellationToken cancellationToken)
    {
        var publicValue = token.Split(':', 2)[0];
        var row = await db.Credentials.AsNoTracking().FirstOrDefaultAsync(
            c => c.PublicValue == publicValue && c.Kind == CredentialKinds.RegistrationToken && c.State == "active" && c.Removed == null,
            cancellationToken);
        if (row is null || !Secrets.Same(TextOf(row), token) || row.ExpiresAt <= time.GetUtcNow())
        {
            return null;
        }

        return row.MachineId is { } machine && !await db.Machines.AnyAsync(m => m.Id == machine && m.Removed == null && m.State != "removing", cancellationToken)
            ? null
            : row;
    }
}
