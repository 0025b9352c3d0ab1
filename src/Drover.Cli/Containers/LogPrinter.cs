using System.Net.WebSockets;
using System.Text;

namespace Drover.Cli.Containers;

/// <summary>Prints a log that comes over a WebSocket: each line begins with its stream's mark (<c>01 </c> output, <c>02 </c> errors, <c>00 </c> both in one).</summary>
/// <remarks>Bytes are passed on as they come, colours included, as <c>docker logs</c> does.</remarks>
internal sealed class LogPrinter(Stream output, Stream errors, string prefix)
{
    public const string Protocol = "lines";
    private const int MarkBytes = 3;
    private const int FirstBuffer = 128 * 1024;

    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);

    /// <summary>Until the server ends it. Its reason is the socket's.</summary>
    public async Task RunAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var (buffer, length) = (new byte[FirstBuffer], 0);
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, length * 2);
            }

            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                Print(buffer.AsSpan(0, length));
                length = 0;
            }
        }
    }

    private void Print(ReadOnlySpan<byte> lines)
    {
        while (lines.Length > 0)
        {
            var end = lines.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? [] : lines[(end + 1)..];
            if (line.Length >= MarkBytes)
            {
                var to = line[1] == '2' ? errors : output;
                to.Write(_prefix);
                to.Write(line[MarkBytes..]);
                to.Write("\n"u8);
            }
        }

        output.Flush();
        errors.Flush();
    }
}
