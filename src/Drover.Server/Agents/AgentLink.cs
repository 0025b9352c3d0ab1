using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Agents;

/// <summary>One agent's WebSocket: hello and welcome, then facts and load until it falls silent (see <see cref="LinkMessage"/>).</summary>
/// <remarks>Messages are sent by the one loop, frames of streams beside it by another; other threads only say that the link is to end. A link that was opened with a registration token is nobody's until
/// its hello brings the key that the agent registers with: it may do nothing else, and not for long.</remarks>
/// <param name="agentId">Whose it is; null for one that was opened with a token.</param>
/// <param name="tokenId">The token, then.</param>
internal sealed class AgentLink(WebSocket socket, long? agentId, long? tokenId, AgentLinks links, AgentPresence presence, ServerOptions options, TimeProvider time) : IDisposable
{
    private const int MaxMessageBytes = 256 * 1024;
    private const int Room = 1024;
    private const int MaxFrameBytes = StreamFrame.HeaderBytes + StreamFrame.MaxPayload;
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private readonly TaskCompletionSource<(int Code, string Reason)> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ArrayBufferWriter<byte> _message = new(Room);
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly LinkStreams _streams = new();
    private readonly CancellationTokenSource _over = new();
    private Task? _frames;
    private long? _hostId;

    /// <summary>Null as long as it is nobody's.</summary>
    public long? AgentId { get; private set; } = agentId;

    /// <summary>Streams that are open over it.</summary>
    public int Streams => _streams.Count;

    /// <summary>The agent's host is removed; the agent shall stop.</summary>
    public void Gone() => _end.TrySetResult((LinkMessage.CloseGone, "This host has been removed."));

    /// <summary>The same agent has opened a newer link.</summary>
    public void Replace() => _end.TrySetResult(((int)WebSocketCloseStatus.NormalClosure, "Replaced by a newer link."));

    /// <summary>Opens a stream to something in the guest.</summary>
    /// <exception cref="StreamResetException">It is not to be had; the message says why.</exception>
    public Task<LinkStream> OpenAsync(StreamTarget target, CancellationToken cancellationToken) =>
        Volatile.Read(ref _frames) is null
            ? throw new StreamResetException(StreamFault.Failed, "The agent of this host is older than this server, and opens nothing to it. Make the host anew from the present image.")
            : _streams.OpenAsync(target, cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (code, reason) = await TalkAsync(cancellationToken);
            _streams.End(reason is { Length: > 0 } ? reason : "The host closed its link.");
            await CloseAsync(code, reason);
        }
        catch (WebSocketException)
        {
            // The line broke; who called us notes the loss.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _streams.End("The server stops.");
            await CloseAsync((int)WebSocketCloseStatus.EndpointUnavailable, "The server stops.");
        }
        finally
        {
            _streams.End("The link to the host was lost.");
            await _over.CancelAsync();
            await (_frames ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _sending.Dispose();
        _over.Dispose();
    }

    private async Task<(int Code, string Reason)> TalkAsync(CancellationToken cancellationToken)
    {
        var heard = time.GetUtcNow();
        var receiving = ReceiveAsync(cancellationToken);
        var silence = Task.Delay(options.LinkPing, time, cancellationToken);
        while (true)
        {
            await Task.WhenAny(receiving, silence, _end.Task);
            if (_end.Task.IsCompleted)
            {
                return await _end.Task;
            }

            if (!receiving.IsCompleted)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var silent = time.GetUtcNow() - heard;
                if (silent >= options.LinkTimeout || (AgentId is null && silent >= options.LinkPing))
                {
                    return ((int)WebSocketCloseStatus.NormalClosure, "Silent for too long.");
                }

                // Before the ping: the time counts from when it was due, not from when it was sent.
                silence = Task.Delay(silent < options.LinkPing ? options.LinkPing - silent : options.LinkPing, time, cancellationToken);
                if (silent >= options.LinkPing)
                {
                    await SendAsync(new LinkMessage { Type = LinkMessage.Ping }, cancellationToken);
                }

                continue;
            }

            var received = await receiving;
            if (received == WebSocketMessageType.Close)
            {
                return ((int)WebSocketCloseStatus.NormalClosure, "");
            }

            heard = time.GetUtcNow();
            if ((received == WebSocketMessageType.Binary ? HandleFrame() : await HandleAsync(_message.WrittenMemory, cancellationToken)) is { } end)
            {
                return end;
            }

            receiving = ReceiveAsync(cancellationToken);
        }
    }

    /// <summary>A reason to end the link, or null. A frame before the hello is passed over, as an older server does.</summary>
    private (int Code, string Reason)? HandleFrame()
    {
        try
        {
            if (_frames is not null)
            {
                _streams.Heard(_message.WrittenSpan);
            }

            return null;
        }
        catch (StreamProtocolException e)
        {
            return ((int)WebSocketCloseStatus.ProtocolError, e.Message);
        }
    }

    /// <summary>A reason to end the link, or null.</summary>
    private async Task<(int Code, string Reason)?> HandleAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        LinkMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(bytes.Span, AgentJson.Default.LinkMessage);
        }
        catch (JsonException)
        {
            return ((int)WebSocketCloseStatus.InvalidPayloadData, "No valid message.");
        }

        switch (message?.Type)
        {
            case LinkMessage.Hello:
                return await HelloAsync(message, cancellationToken);
            case LinkMessage.Ping:
                await SendAsync(new LinkMessage { Type = LinkMessage.Pong }, cancellationToken);
                return null;
            case LinkMessage.Facts when _hostId is not null && message.Host is { } facts:
                await presence.FactsAsync(AgentId!.Value, facts, cancellationToken);
                return null;
            case LinkMessage.Load when _hostId is { } host && message.Sample is { } sample:
                presence.Load(host, sample);
                return null;
            case LinkMessage.Facts or LinkMessage.Load when _hostId is null:
                return (LinkMessage.CloseProtocol, "The first message must be a hello.");
            default:
                return null;
        }
    }

    private async Task<(int Code, string Reason)?> HelloAsync(LinkMessage hello, CancellationToken cancellationToken)
    {
        if (hello.Protocol != LinkMessage.CurrentProtocol || hello.Host is not { } facts)
        {
            return (LinkMessage.CloseProtocol, $"This server speaks protocol {LinkMessage.CurrentProtocol}.");
        }

        RegisterRow? registered = null;
        if (AgentId is null)
        {
            if (hello.Key is not { Length: >= AgentRegistration.LeastKey and <= AgentRegistration.MostKey } key)
            {
                return (LinkMessage.CloseProtocol, "An agent without keys says the key that it registers with.");
            }

            try
            {
                registered = await presence.RegisterAsync(tokenId!.Value, key, cancellationToken);
            }
            catch (ApiError e)
            {
                return ((int)WebSocketCloseStatus.PolicyViolation, e.Message);
            }

            AgentId = registered.AgentId;
            links.Add(this);
        }

        switch (await presence.HelloAsync(AgentId.Value, facts, hello.Version, cancellationToken))
        {
            case HelloResult.Welcome welcome:
                _hostId = welcome.HostId;
                await SendAsync(
                    new LinkMessage
                    {
                        Type = LinkMessage.Welcome,
                        Protocol = LinkMessage.CurrentProtocol,
                        AccessKey = registered?.AccessKey,
                        SecretKey = registered is null ? null : presence.SecretOf(registered),
                        HostId = Api.Ids.Format("h", welcome.HostId),
                        LoadSeconds = Math.Max(1, (int)options.LoadInterval.TotalSeconds),
                        Streams = LinkMessage.CurrentStreams,
                    },
                    cancellationToken);
                if (hello.Streams == LinkMessage.CurrentStreams && _frames is null)
                {
                    Volatile.Write(ref _frames, SendFramesAsync(_over.Token));
                    links.Carries(AgentId.Value, welcome.HostId);
                }

                return null;
            case HelloResult.Gone:
                return (LinkMessage.CloseGone, "This host has been removed.");
            case HelloResult.Refused refused:
                return ((int)WebSocketCloseStatus.PolicyViolation, refused.Reason);
            default:
                throw new InvalidOperationException("A hello has three outcomes.");
        }
    }

    private Task SendAsync(LinkMessage message, CancellationToken cancellationToken) =>
        SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.LinkMessage), WebSocketMessageType.Text, cancellationToken);

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(SendTimeout);
            await socket.SendAsync(bytes, type, endOfMessage: true, patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely, "The host takes nothing any more.", e);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task SendFramesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _streams.SendAllAsync(async (frame, token) => await SendAsync(frame, WebSocketMessageType.Binary, token), cancellationToken);
        }
        catch (WebSocketException e)
        {
            _end.TrySetResult(((int)WebSocketCloseStatus.EndpointUnavailable, e.Message));
        }
    }

    /// <summary>One whole message into <see cref="_message"/>, and what it is.</summary>
    private async Task<WebSocketMessageType> ReceiveAsync(CancellationToken cancellationToken)
    {
        // Links are silent for most of their time, and there are many: none keeps the room of its longest message.
        _message = _message.Capacity > Room ? new ArrayBufferWriter<byte>(Room) : _message;
        _message.ResetWrittenCount();
        while (true)
        {
            var received = await socket.ReceiveAsync(_message.GetMemory(Room), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return WebSocketMessageType.Close;
            }

            _message.Advance(received.Count);
            if (_message.WrittenCount > (received.MessageType == WebSocketMessageType.Text ? MaxMessageBytes : MaxFrameBytes))
            {
                _end.TrySetResult(((int)WebSocketCloseStatus.MessageTooBig, "A message may have 256 KiB, a frame of a stream 64."));
                return received.MessageType;
            }

            if (received.EndOfMessage)
            {
                return received.MessageType;
            }
        }
    }

    private async Task CloseAsync(int code, string reason)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, patience.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            socket.Abort();
        }
    }
}
