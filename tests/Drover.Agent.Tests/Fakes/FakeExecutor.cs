using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drover.Agent.Channel;
using Drover.Api.Agents;

namespace Drover.Agent.Tests.Fakes;

/// <summary>The executor's end of the channel: answers hellos with an identity and keeps what the agent says.</summary>
internal sealed class FakeExecutor(string path) : IAsyncDisposable
{
    private readonly Socket _listener = Listen(path);
    private Stream? _stream;
    private LineReader? _reader;

    public GuestIdentity? Identity { get; set; }

    /// <summary>Waits for the agent to connect.</summary>
    public async Task AcceptAsync(CancellationToken cancellationToken)
    {
        var socket = await _listener.AcceptAsync(cancellationToken);
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new LineReader(_stream);
    }

    /// <summary>The next message of the type; on the way each hello is answered, if there is an identity.</summary>
    public async Task<GuestMessage> NextAsync(string type, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            var message = await _reader!.ReadAsync(limit.Token) ?? throw new EndOfStreamException($"The agent left before it said {type}.");
            if (message.Type == GuestMessage.Hello && Identity is not null)
            {
                await SendAsync(new GuestMessage { Type = GuestMessage.Identity, Guest = Identity }, cancellationToken);
            }

            if (message.Type == type)
            {
                return message;
            }
        }
    }

    public Task SendAsync(GuestMessage message, CancellationToken cancellationToken) =>
        SendTextAsync(JsonSerializer.Serialize(message, AgentJson.Default.GuestMessage) + "\n", cancellationToken);

    public async Task SendTextAsync(string text, CancellationToken cancellationToken) =>
        await _stream!.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>Leaves; the agent may come again.</summary>
    public async Task HangUpAsync() => await _stream!.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        File.Delete(path);
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }
}
