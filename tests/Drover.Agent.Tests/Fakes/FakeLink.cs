using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Drover.Api.Agents;

namespace Drover.Agent.Tests.Fakes;

/// <summary>The server's end of one agent's link.</summary>
internal sealed class FakeLink(WebSocket socket, string user) : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The credentials that the agent came with.</summary>
    public string User { get; } = user;

    public Task Done => _done.Task;

    /// <summary>Registers who comes with a key instead of credentials.</summary>
    public Func<string, (string AccessKey, string SecretKey)>? KeysFor { get; init; }

    public WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

    /// <summary>Types of what was received, in order.</summary>
    public List<string> Received { get; } = [];

    /// <summary>The next message of the given type, others passed over; null when the agent has closed or is away.</summary>
    public async Task<LinkMessage?> NextAsync(string? type, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                try
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(length), limit.Token);
                }
                catch (WebSocketException)
                {
                    return null;
                }

                length += part.Count;
            }
            while (!part.EndOfMessage);

            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            var message = JsonSerializer.Deserialize(buffer.AsSpan(0, length), AgentJson.Default.LinkMessage)!;
            Received.Add(message.Type);
            if (type is null || message.Type == type)
            {
                return message;
            }
        }
    }

    public Task SendAsync(LinkMessage message, CancellationToken cancellationToken) =>
        SendTextAsync(JsonSerializer.Serialize(message, AgentJson.Default.LinkMessage), cancellationToken);

    public Task SendTextAsync(string text, CancellationToken cancellationToken) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);

    public Task WelcomeAsync(CancellationToken cancellationToken) => SendAsync(
        new LinkMessage { Type = LinkMessage.Welcome, Protocol = LinkMessage.CurrentProtocol, HostId = "1h1", LoadSeconds = 5 }, cancellationToken);

    /// <summary>Reads the hello and answers it.</summary>
    public async Task<HostFacts> GreetAsync(CancellationToken cancellationToken)
    {
        var hello = await NextAsync(null, cancellationToken);
        Assert.Equal(LinkMessage.Hello, hello?.Type);
        if (KeysFor is null)
        {
            await WelcomeAsync(cancellationToken);
            return hello!.Host!;
        }

        var (accessKey, secretKey) = KeysFor(hello!.Key!);
        await SendAsync(
            new LinkMessage { Type = LinkMessage.Welcome, Protocol = LinkMessage.CurrentProtocol, HostId = "1h1", LoadSeconds = 5, AccessKey = accessKey, SecretKey = secretKey }, cancellationToken);
        return hello.Host!;
    }

    public async Task CloseAsync(int code, CancellationToken cancellationToken)
    {
        await socket.CloseOutputAsync((WebSocketCloseStatus)code, "test", cancellationToken);
        _done.TrySetResult();
    }

    /// <summary>Cuts the line without a word.</summary>
    public void Cut()
    {
        socket.Abort();
        _done.TrySetResult();
    }

    public void Dispose() => _done.TrySetResult();
}
