using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Drover.Cli.Containers;

/// <summary>The text messages of a WebSocket, whole.</summary>
internal static class TextMessages
{
    private const int Longest = 4 * 1024 * 1024;

    /// <summary>Until the other side closes; its reason is the socket's.</summary>
    public static async IAsyncEnumerable<string> ReadAsync(WebSocket socket, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (buffer, length) = (new byte[16 * 1024], 0);
        while (await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken) is { MessageType: not WebSocketMessageType.Close } received)
        {
            length += received.Count;
            if (received.EndOfMessage)
            {
                yield return Encoding.UTF8.GetString(buffer, 0, length);
                length = 0;
            }
            else if (length == buffer.Length)
            {
                Array.Resize(ref buffer, length < Longest ? length * 2 : throw new IOException("The server sends a message without end."));
            }
        }
    }
}
