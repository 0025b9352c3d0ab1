using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Server.Identity;

namespace Drover.Server.Containers.Access;

/// <summary>The right to open one stream of one container or host: what an action or link answered, to be shown with a WebSocket soon after (cattle-api §4.4).</summary>
/// <param name="Kind">Which stream: <c>logs</c>, <c>exec</c>, …</param>
/// <param name="HostId">Whose Docker is asked.</param>
/// <param name="ContainerId">The container's number; 0 for the host itself.</param>
/// <param name="Arguments">As the action was asked.</param>
internal sealed record StreamRight(string Kind, long HostId, long ContainerId, JsonObject Arguments);

/// <summary>Signs such rights (JWT, HS256) and reads them again. Nothing is kept: any server of the same secret takes them.</summary>
internal sealed class StreamTokens(Secrets secrets, TimeProvider time)
{
    /// <summary>As Rancher's.</summary>
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(5);

    private static readonly string Header = Encode("""{"alg":"HS256","typ":"JWT"}"""u8);

    public string Sign(StreamRight right, long user)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["kind"] = right.Kind,
            ["host"] = right.HostId,
            ["container"] = right.ContainerId,
            ["args"] = right.Arguments.DeepClone(),
            ["sub"] = user,
            ["iat"] = now,
            ["exp"] = now + (long)s_lifetime.TotalSeconds,
        };
        var payload = Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()));
        return $"{Header}.{payload}.{Signature(payload)}";
    }

    /// <returns>Null for one that is not ours, is too old, or is for another kind of stream.</returns>
    public StreamRight? Read(string? token, string kind)
    {
        if (token?.Split('.') is not [var header, var payload, var signature] || header != Header || !Secrets.Same(signature, Signature(payload)))
        {
            return null;
        }

        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(payload))!.AsObject();
        return (long)claims["exp"]! > time.GetUtcNow().ToUnixTimeSeconds() && (string?)claims["kind"] == kind
            ? new StreamRight(kind, (long)claims["host"]!, (long)claims["container"]!, (JsonObject)claims["args"]!.DeepClone())
            : null;
    }

    private static string Encode(ReadOnlySpan<byte> utf8) => Base64Url.EncodeToString(utf8);

    private string Signature(string payload) => Base64Url.EncodeToString(secrets.Derive("stream", $"{Header}.{payload}"));
}
