using System.Security.Cryptography;
using System.Text;

namespace Drover.Server.Identity;

/// <summary>Random keys, their hashes, and what is derived from the server's own secret.</summary>
/// <remarks>API secrets are 40 random characters, so one SHA-256 is enough to store them. The agents' secrets and the registration tokens must
/// be told again, so they are derived from the server's secret instead of being stored.</remarks>
internal sealed class Secrets
{
    private const string KeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private byte[]? _key;

    /// <summary>Reads the server's secret, or makes it. Called once at start, before anything else.</summary>
    public void Load(string serverDirectory)
    {
        var file = Path.Combine(serverDirectory, "secret.key");
        if (!File.Exists(file) || new FileInfo(file).Length < 32)
        {
            PrivateFile.Write(file, RandomNumberGenerator.GetBytes(64));
        }

        _key = File.ReadAllBytes(file);
    }

    /// <summary>20 characters, as Cattle's access keys.</summary>
    public static string NewAccessKey() => Convert.ToHexString(RandomNumberGenerator.GetBytes(10));

    /// <summary>40 characters.</summary>
    public static string NewSecretKey() => RandomNumberGenerator.GetString(KeyAlphabet, 40);

    public static string NewPassword() => RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 20);

    public static string Hash(string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public static bool Matches(string? hash, string secret) =>
        hash is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(Hash(secret)));

    public static bool Same(string a, string b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));

    /// <summary>The same text for the same purpose and subject, for as long as the server keeps its secret.</summary>
    public byte[] Derive(string purpose, string subject) =>
        HMACSHA256.HashData(_key ?? throw new InvalidOperationException("The server's secret is not loaded yet."), Encoding.UTF8.GetBytes($"{purpose}:{subject}"));

    /// <summary>What must be told again to somebody else: encrypted (AES-GCM) for its purpose and subject.</summary>
    public string Seal(string purpose, string subject, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(Derive(purpose, subject), TagBytes);
        cipher.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes));
        return Convert.ToBase64String(box);
    }

    /// <exception cref="CryptographicException">It was sealed for something else, or with another server's secret.</exception>
    public string Unseal(string purpose, string subject, string text)
    {
        var box = Convert.FromBase64String(text);
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(Derive(purpose, subject), TagBytes);
        cipher.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain);
        return Encoding.UTF8.GetString(plain);
    }

    public string AgentSecret(string accessKey) => Convert.ToHexStringLower(Derive("agent", accessKey))[..40];
}
