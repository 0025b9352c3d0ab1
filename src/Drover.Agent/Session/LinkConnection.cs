using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Session;

/// <summary>An open WebSocket that carries <see cref="LinkMessage"/>s: sends one at a time, receives with a bound.</summary>
internal sealed class LinkConnection(WebSocket socket, TimeProvider time) : IDisposable
{
    /// <summary>Longest text frame that is taken.</summary>
    public const int MaxFrameBytes = 256 * 1024;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ArrayBufferWriter<byte> _frame = new(1024);
    private long _heard = time.GetTimestamp();

    /// <summary>When the last frame of any kind came, as a time stamp of the clock.</summary>
    public long HeardAt => Interlocked.Read(ref _heard);

    /// <summary>The server's close code, once it closed.</summary>
    public int? CloseCode => (int?)socket.CloseStatus;

    public string? CloseReason => socket.CloseStatusDescription;

    /// <summary>Gets the frames of streams; null passes them over.</summary>
    public LinkStreams? Streams { get; set; }

    public Task SendAsync(LinkMessage message, CancellationToken cancellationToken) =>
        SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.LinkMessage), WebSocketMessageType.Text, cancellationToken);

    public async ValueTask SendFrameAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) => await SendAsync(frame, WebSocketMessageType.Binary, cancellationToken);

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(bytes, type, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message; null when the server has closed. Frames that are no message are passed over.</summary>
    /// <exception cref="WebSocketException">The connection broke.</exception>
    /// <exception cref="StreamProtocolException">A frame that breaks the protocol: the link must end.</exception>
    public async Task<LinkMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            _frame.ResetWrittenCount();
            ValueWebSocketReceiveResult part;
            var tooLong = false;
            do
            {
                part = await socket.ReceiveAsync(_frame.GetMemory(4096), cancellationToken);
                Interlocked.Exchange(ref _heard, time.GetTimestamp());
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return null;
                }

                _frame.Advance(part.Count);
                if (_frame.WrittenCount > MaxFrameBytes)
                {
                    tooLong = true;
                    _frame.ResetWrittenCount();
                }
            }
            while (!part.EndOfMessage);

            if (part.MessageType == WebSocketMessageType.Binary)
            {
                Streams?.Heard(_frame.WrittenSpan);
                continue;
            }

            if (!tooLong && part.MessageType == WebSocketMessageType.Text && Parse(_frame.WrittenSpan) is { } message)
            {
                return message;
            }
        }
    }

    /// <summary>Says goodbye, if the other side still listens, within a second.</summary>
    public async Task CloseAsync(WebSocketCloseStatus status, string reason)
    {
        using var limit = new CancellationTokenSource(CloseTimeout, time);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(status, reason, limit.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _sending.Dispose();
    }

    private static LinkMessage? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, AgentJson.Default.LinkMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
