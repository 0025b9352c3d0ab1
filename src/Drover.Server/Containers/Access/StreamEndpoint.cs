using System.Net.WebSockets;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Consoles;

namespace Drover.Server.Containers.Access;

/// <summary>A WebSocket that a token opens: <c>/v1/KIND/?token=TOKEN</c>. Open to everybody, because the token is in the request: it is what counts, and not the login of whoever shows it.</summary>
internal abstract class StreamEndpoint : ResourceType
{
    private readonly StreamTokens _tokens;
    private readonly Inventories _inventories;
    private readonly ContainerBoard _board;
    private readonly ServerStopping _stopping;
    private readonly TimeProvider _time;

    /// <summary>Rights are looked at when a token is given: after this they are looked at again.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    protected StreamEndpoint(StreamServices services)
    {
        (_tokens, _inventories, _board, _stopping, _time) = (services.Tokens, services.Inventories, services.Board, services.Stopping, services.Time);
        (IsListed, HasSchema) = (false, false);
        Access.Allow(Roles.Known | Roles.Anonymous, Verbs.Read);
    }

    /// <summary>Sub-protocols that it speaks beside the plain one, the preferred first.</summary>
    protected virtual IReadOnlyList<string> Protocols => [];

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        context.RequireSocket("This is");
        var right = _tokens.Read(context.SocketToken(), Name) ?? throw ApiError.Unauthorized("This stream's token is wrong or has expired; ask for another.");
        var docker = _inventories.DockerOf(right.HostId) ?? throw new ApiError(503, "HostNotConnected", "The host is not connected at present; its link returns by itself.");
        var container = right.ContainerId == 0 ? null : _board.Find(right.ContainerId) is { Removed: null } found ? found : throw ApiError.NotFound("container");
        await context.Db.DisposeAsync();
        var protocol = Protocols.FirstOrDefault(context.Http.WebSockets.WebSocketRequestedProtocols.Contains);
        using var longest = new CancellationTokenSource(s_longest, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, _stopping.Token, longest.Token);
        IRelay? stream = null;
        var refused = await EndOfAsync(async () =>
        {
            stream = await OpenAsync(right, docker, container, protocol, ending.Token);
            return "";
        }, longest.Token, ending.Token);
        using (stream)
        {
            // Also to tell the refusal: a browser shows the reason of a farewell, and not that of an HTTP error.
            using var socket = await context.Http.WebSockets.AcceptWebSocketAsync(protocol);
            var (code, reason) = stream is null ? refused : await EndOfAsync(() => stream.RunAsync(socket, ending.Token), longest.Token, ending.Token);
            await ConsoleJoin.CloseAsync(socket, code, reason);
        }

        return ApiResult.Handled;
    }

    /// <summary>Opens the stream in the host, before the person's WebSocket is accepted: whoever has that can be sure that nothing is missed from then on.</summary>
    protected abstract Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken);

    private static async Task<(int Code, string Reason)> EndOfAsync(Func<Task<string>> run, CancellationToken longest, CancellationToken ending)
    {
        try
        {
            return ((int)WebSocketCloseStatus.NormalClosure, await run());
        }
        catch (WebSocketException)
        {
            return ((int)WebSocketCloseStatus.NormalClosure, "The person went away.");
        }
        catch (Docker.DotNet.DockerApiException e)
        {
            return (ConsoleJoin.CloseRefused, DockerFault.Sentence(e));
        }
        catch (Exception e) when (DockerFault.IsAway(e, ending))
        {
            return (ConsoleJoin.CloseRefused, DockerFault.Away(e));
        }
        catch (OperationCanceledException)
        {
            return longest.IsCancellationRequested ? ((int)WebSocketCloseStatus.NormalClosure, "This was open for 24 hours; open it again.") : ((int)WebSocketCloseStatus.EndpointUnavailable, "The server stops.");
        }
    }
}

/// <summary>A stream that is open in the host.</summary>
internal interface IRelay : IDisposable
{
    /// <summary>Carries it until it ends by itself or the person goes.</summary>
    /// <returns>Why it ended, for the farewell.</returns>
    Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken);
}

/// <summary>What every such endpoint needs.</summary>
internal sealed record StreamServices(StreamTokens Tokens, Inventories Inventories, ContainerBoard Board, ServerStopping Stopping, TimeProvider Time);
