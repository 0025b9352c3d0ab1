using System.Globalization;
using System.Security.Cryptography;

namespace Drover.Server.Identity;

/// <summary>PBKDF2-SHA256 of a password, stored as <c>pbkdf2-sha256$rounds$salt$hash</c> so that rounds can grow.</summary>
internal sealed class Passwords(ServerOptions options)
{
    public const int MinLength = 8;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private readonly Lazy<string> _nobody = new(() => Make("nobody", options.PasswordIterations));

    public string Hash(string password) => Make(password, options.PasswordIterations);

    /// <summary>Whether <paramref name="password"/> is the stored one. An account that does not exist (null) takes as long as one that does.</summary>
    public bool Verify(string? stored, string password)
    {
        var parts = (stored ?? _nobody.Value).Split('$');
        if (parts.Length != 4 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var rounds))
        {
            return false;
        }

        var hash = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(parts[2]), rounds, HashAlgorithmName.SHA256, HashBytes);
        return CryptographicOperations.FixedTimeEquals(hash, Convert.FromBase64String(parts[3])) && stored is not null;
    }

    private static string Make(string password, int rounds)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, HashAlgorithmName.SHA256, HashBytes);
        return string.Create(CultureInfo.InvariantCulture, $"pbkdf2-sha256${rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }
}
