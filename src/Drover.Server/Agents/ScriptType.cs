using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Settings;

namespace Drover.Server.Agents;

/// <summary><c>GET /v1/scripts/TOKEN</c>: tells a host how to register (cattle-api §3.5). Open to everybody, because the token is in the URL.</summary>
internal sealed class ScriptType : ResourceType
{
    private readonly RegistrationTokens _tokens;
    private readonly PublicAddress _address;

    public ScriptType(RegistrationTokens tokens, PublicAddress address)
    {
        (_tokens, _address) = (tokens, address);
        IsListed = false;
        Access.Allow(Roles.Known | Roles.Anonymous, Verbs.Read);
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id)
    {
        if (await _tokens.FindAsync(context.Db, id, context.Aborted) is null)
        {
            throw ApiError.NotFound("registration token like this: it is wrong, used up, or has expired. The token");
        }

        var address = context.Http.Connection.RemoteIpAddress;
        var peer = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        return new ApiResult(200, Text: $"""
            #!/bin/sh
            export CATTLE_REGISTRATION_ACCESS_KEY="registrationToken"
            export CATTLE_REGISTRATION_SECRET_KEY="{id}"
            export CATTLE_URL="{_address.Of(context.Origin)}/v1"
            export DETECTED_CATTLE_AGENT_IP="{peer}"

            """.ReplaceLineEndings("\n"));
    }
}
