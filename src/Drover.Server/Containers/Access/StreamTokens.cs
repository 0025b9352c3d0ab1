using System.Text.Json.Nodes;
using Drover.Server.Identity;

namespace Drover.Server.Containers.Access;

/// <summary>The right to open one stream of one container or host: what an action or link answered, to be shown with a WebSocket soon after (cattle-api §4.4).</summary>
/// <param name="Kind">Which stream: <c>logs</c>, <c>exec</c>, …</param>
/// <param name="HostId">Whose Docker is asked.</param>
/// <param name="ContainerId">The container's number; 0 for the host itself.</param>
/// <param name="Arguments">As the action was asked.</param>
internal sealed record StreamRight(string Kind, long HostId, long ContainerId, JsonObject Arguments);

/// <summary>Signs such rights and reads them again. Nothing is kept: any server of the same secret takes them.</summary>
internal sealed class StreamTokens(Secrets secrets, TimeProvider time)
{
    /// <summary>As Rancher's.</summary>
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(5);

    private readonly SignedTokens _tokens = new(secrets, "stream");

    public string Sign(StreamRight right, long user)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        return _tokens.Sign(new JsonObject
        {
            ["kind"] = right.Kind,
            ["host"] = right.HostId,
            ["container"] = right.ContainerId,
            ["args"] = right.Arguments.DeepClone(),
            ["sub"] = user,
            ["iat"] = now,
            ["exp"] = now + (long)s_lifetime.TotalSeconds,
        });
    }

    /// <returns>Null for one that is not ours, is too old, or is for another kind of stream.</returns>
    public StreamRight? Read(string? token, string kind) =>
        _tokens.Read(token) is { } claims && (long)claims["exp"]! > time.GetUtcNow().ToUnixTimeSeconds() && (string?)claims["kind"] == kind
            ? new StreamRight(kind, (long)claims["host"]!, (long)claims["container"]!, (JsonObject)claims["args"]!.DeepClone())
            : null;
}
