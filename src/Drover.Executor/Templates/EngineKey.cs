using System.Security.Cryptography;
using System.Text;

namespace Drover.Executor.Templates;

/// <summary>A Docker Engine's key, as libtrust keeps it in <c>/etc/docker/key.json</c> (docker.io 20.10). The engine's id is the key's id.</summary>
internal static class EngineKey
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new key on P-256 as a JSON web key.</summary>
    internal static string New()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = key.ExportParameters(includePrivateParameters: true);
        return $$"""{"crv":"P-256","d":"{{Text(parameters.D!)}}","kid":"{{Id(key.ExportSubjectPublicKeyInfo())}}","kty":"EC","x":"{{Text(parameters.Q.X!)}}","y":"{{Text(parameters.Q.Y!)}}"}""";
    }

    /// <summary>The first 240 bits of the public key's SHA-256 in base32, in twelve groups of four.</summary>
    internal static string Id(ReadOnlySpan<byte> publicKeyInfo)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(publicKeyInfo, hash);
        var text = new StringBuilder(59);
        for (var bit = 0; bit < 240; bit += 5)
        {
            if (bit > 0 && bit % 20 == 0)
            {
                text.Append(':');
            }

            var pair = (hash[bit / 8] << 8) | hash[(bit / 8) + 1];
            text.Append(Alphabet[(pair >> (11 - (bit % 8))) & 31]);
        }

        return text.ToString();
    }

    private static string Text(byte[] value) => Convert.ToBase64String(value).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
