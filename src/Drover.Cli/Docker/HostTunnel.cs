using System.Net.WebSockets;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;

namespace Drover.Cli.Docker;

/// <summary>Streams into one host, over one WebSocket to the server that is opened when it is needed, and again after it broke.</summary>
internal sealed class HostTunnel(CattleClient environment, string hostId) : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private LinkStreams? _streams;
    private Task<string> _running = Task.FromResult("");

    /// <summary>Opens the WebSocket, unless it stands.</summary>
    /// <exception cref="CattleException">The server does not answer, or refuses.</exception>
    public async Task<LinkStreams> ConnectAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_streams is { IsOver: false })
            {
                return _streams;
            }

            // The farewell of the one before.
            await _running.WaitAsync(cancellationToken);
            var socket = await OpenAsync(cancellationToken);
            var streams = new LinkStreams();
            _running = RunAsync(socket, streams);
            return _streams = streams;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <exception cref="StreamResetException">The host is not connected, or what is asked for cannot be reached; the message says so.</exception>
    /// <exception cref="CattleException">The server does not answer, or refuses.</exception>
    public async Task<LinkStream> OpenAsync(StreamTarget target, CancellationToken cancellationToken)
    {
        var streams = await ConnectAsync(cancellationToken);
        try
        {
            return await streams.OpenAsync(target, cancellationToken);
        }
        catch (StreamResetException) when (streams.IsOver)
        {
            // It broke just now; once more, over another.
            return await (await ConnectAsync(cancellationToken)).OpenAsync(target, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _running;
        _over.Dispose();
        _turn.Dispose();
    }

    private async Task<string> RunAsync(ClientWebSocket socket, LinkStreams streams)
    {
        using (socket)
        {
            return await StreamSocket.RunAsync(socket, streams, _over.Token);
        }
    }

    private async Task<ClientWebSocket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(StreamSocket.Protocol);
        socket.Options.KeepAliveInterval = StreamSocket.KeepAliveInterval;
        socket.Options.KeepAliveTimeout = StreamSocket.KeepAliveTimeout;
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Authorization", environment.Authorization?.ToString());
        if (environment.Root.IsLoopback)
        {
            socket.Options.Proxy = null;
        }

        var url = new UriBuilder(environment.Url($"hosts/{hostId}/streams"));
        url.Scheme = url.Scheme == Uri.UriSchemeHttps ? "wss" : "ws";
        try
        {
            await socket.ConnectAsync(url.Uri, cancellationToken);
            return socket;
        }
        catch (WebSocketException e)
        {
            using (socket)
            {
                throw (int)socket.HttpStatusCode switch
                {
                    0 => new CattleException(0, "Unreachable", $"No answer from {environment.Root.GetLeftPart(UriPartial.Authority)}: {e.Message}", null, e),
                    404 => new CattleException(404, "NotFound", "The host is gone, or this server is older than this program and opens no streams.", null, e),
                    var status => new CattleException(status, "StreamsRefused", $"The server opens no streams to this host ({status}).", null, e),
                };
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
