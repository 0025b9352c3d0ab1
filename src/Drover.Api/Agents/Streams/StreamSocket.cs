using System.Buffers;
using System.Net.WebSockets;

namespace Drover.Api.Agents.Streams;

/// <summary>Streams over a WebSocket of their own: each binary message is a frame.</summary>
public static class StreamSocket
{
    /// <summary>The sub-protocol's name.</summary>
    public const string Protocol = "streams.drover.io";

    /// <summary>A side that is silent for <see cref="KeepAliveInterval"/> is asked, and given up after this (RFC 6455 pings).</summary>
    public static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(45);

    public static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan s_closeTime = TimeSpan.FromSeconds(1);

    /// <summary>Carries the streams until the socket is closed, breaks or <paramref name="cancellationToken"/> says so; then all streams end with the reason.</summary>
    /// <returns>The reason.</returns>
    public static async Task<string> RunAsync(WebSocket socket, LinkStreams streams, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource();
        var sending = streams.SendAllAsync((frame, token) => socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, token), over.Token);
        var receiving = ReceiveAllAsync(socket, streams, over.Token);
        var stopped = new TaskCompletionSource();
        await using var stopping = cancellationToken.Register(stopped.SetResult);
        var first = await Task.WhenAny(sending, receiving, stopped.Task);
        var (code, reason) = first == stopped.Task ? (WebSocketCloseStatus.EndpointUnavailable, "The connection was ended.")
            : first.Exception?.InnerException is StreamProtocolException breach ? (WebSocketCloseStatus.ProtocolError, breach.Message)
            : first == receiving && receiving.IsCompletedSuccessfully ? (WebSocketCloseStatus.NormalClosure, await receiving)
            : (WebSocketCloseStatus.NormalClosure, $"The connection broke: {first.Exception?.InnerException?.Message}");
        streams.End(reason);
        await CloseAsync(socket, code, reason);
        await over.CancelAsync();
        await Task.WhenAll(sending, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return reason;
    }

    private static async Task<string> ReceiveAllAsync(WebSocket socket, LinkStreams streams, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>(StreamFrame.HeaderBytes + StreamFrame.MaxData);
        while (true)
        {
            message.ResetWrittenCount();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(message.GetMemory(StreamFrame.HeaderBytes + StreamFrame.MaxData), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return socket.CloseStatusDescription is { Length: > 0 } reason ? reason : "The other side closed the connection.";
                }

                message.Advance(part.Count);
                if (message.WrittenCount > StreamFrame.HeaderBytes + StreamFrame.MaxPayload || part.MessageType != WebSocketMessageType.Binary)
                {
                    throw new StreamProtocolException("a message that is no frame");
                }
            }
            while (!part.EndOfMessage);

            streams.Heard(message.WrittenSpan);
        }
    }

    private static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus code, string reason)
    {
        using var patience = new CancellationTokenSource(s_closeTime);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(code, CloseReason.Fit(reason), patience.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }
    }
}
