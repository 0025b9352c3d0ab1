using Drover.Api.Agents;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Agents;

/// <summary><c>GET /v1/agentlink</c>: where an agent opens its one WebSocket.</summary>
internal sealed class AgentLinkType : ResourceType
{
    private readonly AgentLinks _links;
    private readonly AgentPresence _presence;
    private readonly ServerOptions _options;
    private readonly ServerStopping _stopping;
    private readonly TimeProvider _time;

    public AgentLinkType(AgentLinks links, AgentPresence presence, ServerOptions options, ServerStopping stopping, TimeProvider time)
    {
        (_links, _presence, _options, _stopping, _time) = (links, presence, options, stopping, time);
        IsListed = false;
        Access.Allow(Roles.Agent | Roles.Register, Verbs.Read);
    }

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        if (!context.Http.WebSockets.IsWebSocketRequest)
        {
            throw new ApiError(400, "UpgradeRequired", $"/{LinkMessage.Path} is a WebSocket: send an upgrade request.");
        }

        await context.Db.DisposeAsync();
        using var socket = await context.Http.WebSockets.AcceptWebSocketAsync();
        using var link = new AgentLink(socket, context.Caller.AgentId, context.Caller.TokenId, _links, _presence, _options, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, _stopping.Token);
        if (link.AgentId is not null)
        {
            _links.Add(link);
        }

        try
        {
            await link.RunAsync(ending.Token);
        }
        finally
        {
            if (_links.Remove(link) && !_stopping.Token.IsCancellationRequested)
            {
                await _presence.LostAsync(link.AgentId!.Value, CancellationToken.None);
            }
        }

        return ApiResult.Handled;
    }
}
