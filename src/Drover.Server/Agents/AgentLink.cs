using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Drover.Api.Agents;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Agents;

/// <summary>One agent's WebSocket: hello and welcome, then facts and load until it falls silent (see <see cref="LinkMessage"/>).</summary>
/// <remarks>All sending happens in the one loop; other threads only say that the link is to end. A link that was opened with a registration token is nobody's until
/// its hello brings the key that the agent registers with: it may do nothing else, and not for long.</remarks>
/// <param name="agentId">Whose it is; null for one that was opened with a token.</param>
/// <param name="tokenId">The token, then.</param>
internal sealed class AgentLink(WebSocket socket, long? agentId, long? tokenId, AgentLinks links, AgentPresence presence, ServerOptions options, TimeProvider time)
{
    private const int MaxMessageBytes = 256 * 1024;
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);
    private readonly TaskCompletionSource<(int Code, string Reason)> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ArrayBufferWriter<byte> _message = new(1024);
    private readonly byte[] _buffer = new byte[8 * 1024];
    private long? _hostId;

    /// <summary>Null as long as it is nobody's.</summary>
    public long? AgentId { get; private set; } = agentId;

    /// <summary>The agent's host is removed; the agent shall stop.</summary>
    public void Gone() => _end.TrySetResult((LinkMessage.CloseGone, "This host has been removed."));

    /// <summary>The same agent has opened a newer link.</summary>
    public void Replace() => _end.TrySetResult(((int)WebSocketCloseStatus.NormalClosure, "Replaced by a newer link."));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (code, reason) = await TalkAsync(cancellationToken);
            await CloseAsync(code, reason);
        }
        catch (WebSocketException)
        {
            // The line broke; who called us notes the loss.
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CloseAsync((int)WebSocketCloseStatus.EndpointUnavailable, "The server stops.");
        }
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

            if (await receiving is not { } bytes)
            {
                return ((int)WebSocketCloseStatus.NormalClosure, "");
            }

            heard = time.GetUtcNow();
            if (bytes.Length > 0 && await HandleAsync(bytes, cancellationToken) is { } end)
            {
                return end;
            }

            receiving = ReceiveAsync(cancellationToken);
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
                    },
                    cancellationToken);
                return null;
            case HelloResult.Gone:
                return (LinkMessage.CloseGone, "This host has been removed.");
            case HelloResult.Refused refused:
                return ((int)WebSocketCloseStatus.PolicyViolation, refused.Reason);
            default:
                throw new InvalidOperationException("A hello has three outcomes.");
        }
    }

    private async Task SendAsync(LinkMessage message, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(SendTimeout);
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.LinkMessage), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
    }

    /// <summary>One whole text message; empty for binary frames, which are reserved; null at the end.</summary>
    private async Task<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken)
    {
        _message.ResetWrittenCount();
        while (true)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (received.MessageType == WebSocketMessageType.Text)
            {
                _message.Write(_buffer.AsSpan(0, received.Count));
            }

            if (_message.WrittenCount > MaxMessageBytes)
            {
                _end.TrySetResult(((int)WebSocketCloseStatus.MessageTooBig, "A message may have 256 KiB."));
                return ReadOnlyMemory<byte>.Empty;
            }

            if (received.EndOfMessage)
            {
                return _message.WrittenMemory.ToArray();
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
