using System.Net.WebSockets;
using System.Text.Json;
using Drover.Api.Agents;

namespace Drover.Agent.Session;

/// <summary>Walks the part of a link's way that only a server which knows this guest would answer, against a server of a few bytes in this process: so that a spare has
/// that code behind it when it is claimed. Under emulation code that runs for the first time takes ten times as long.</summary>
internal static class LinkRehearsal
{
    public static async Task RunAsync(Func<LinkConnection, CancellationToken, Task<LinkOutcome>> greet, TimeProvider time, CancellationToken cancellationToken)
    {
        using var wire = new MemoryWire(Frame(new LinkMessage { Type = LinkMessage.Welcome, Protocol = LinkMessage.CurrentProtocol, AccessKey = "rehearsal", SecretKey = "rehearsal", HostId = "rehearsal" }));
        using var socket = WebSocket.CreateFromStream(wire, new WebSocketCreationOptions { IsServer = false });
        using var connection = new LinkConnection(socket, time);
        await greet(connection, cancellationToken);
    }

    /// <summary>A text frame of a server: not masked, its length in one byte or three (RFC 6455, 5.2).</summary>
    private static byte[] Frame(LinkMessage message)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.LinkMessage);
        return json.Length < 126 ? [0x81, (byte)json.Length, .. json] : [0x81, 126, (byte)(json.Length >> 8), (byte)json.Length, .. json];
    }

    /// <summary>Reads what was given, and swallows what is written.</summary>
    private sealed class MemoryWire(byte[] given) : MemoryStream(given, writable: false)
    {
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
