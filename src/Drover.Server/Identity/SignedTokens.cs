using System.Buffers.Text;
using System.Text.Json.Nodes;

namespace Drover.Server.Identity;

/// <summary>JSON web tokens (HS256) for one purpose, signed with the server's own secret. What they say is for whoever issues them to judge.</summary>
internal sealed class SignedTokens(Secrets secrets, string purpose)
{
    private static readonly string s_header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    public string Sign(JsonObject claims)
    {
        var payload = Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(claims.ToJsonString()));
        return $"{s_header}.{payload}.{Signature(payload)}";
    }

    /// <returns>The claims; null for a token that is not ours, or for another purpose.</returns>
    public JsonObject? Read(string? token) =>
        token?.Split('.') is [var header, var payload, var signature] && header == s_header && Secrets.Same(signature, Signature(payload))
            ? JsonNode.Parse(Base64Url.DecodeFromChars(payload))!.AsObject()
            : null;

    private string Signature(string payload) => Base64Url.EncodeToString(secrets.Derive(purpose, $"{s_header}.{payload}"));
}
