using Drover.Api.Agents.Streams;
using Drover.Server.Agents;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Hosts;

/// <summary><c>GET /v1/hosts/ID/streams</c>: a WebSocket over which whoever may act on the host opens streams into it, as many as one link has (docs/protocols/agent-link.md).</summary>
/// <remarks>Each stream is joined with one of the host's link. What may be reached is listed here, and once more by the agent.</remarks>
internal sealed class HostStreams(AgentLinks links, ServerStopping stopping, TimeProvider time)
{
    public const string Link = "streams";

    /// <summary>Rights are looked at when the socket is opened: after this they are looked at again.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(12);

    public async Task<ApiResult> RunAsync(ApiContext context, HostRow host)
    {
        context.RequireSocket("Streams are");
        if (host.AgentId is not { } agent)
        {
            throw new ApiError(409, "InvalidState", "This host has no agent.");
        }

        context.Audit("host", Link, host);
        await context.Db.StoreAsync("api.streams", context.Aborted);
        await context.Db.DisposeAsync();
        using var socket = await context.Http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = context.Http.WebSockets.WebSocketRequestedProtocols.Contains(StreamSocket.Protocol) ? StreamSocket.Protocol : null,
            KeepAliveInterval = StreamSocket.KeepAliveInterval,
            KeepAliveTimeout = StreamSocket.KeepAliveTimeout,
        });
        using var longest = new CancellationTokenSource(s_longest, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, stopping.Token, longest.Token);
        await StreamSocket.RunAsync(socket, new LinkStreams(stream => JoinAsync(stream, agent, ending.Token)), ending.Token);
        return ApiResult.Handled;
    }

    private async Task JoinAsync(LinkStream person, long agent, CancellationToken cancellationToken)
    {
        try
        {
            if (person.Target.Kind != StreamTarget.Docker)
            {
                throw new StreamResetException(StreamFault.Refused, $"Nothing in a host is called '{person.Target.Kind}'.");
            }

            var host = await links.OpenAsync(agent, person.Target, cancellationToken);
            person.Accept();
            await StreamPump.RunAsync(person, host, () => host.EndAsync(cancellationToken), time, cancellationToken);
        }
        catch (StreamResetException e)
        {
            person.Reset(e.Fault, e.Message);
        }
    }
}
