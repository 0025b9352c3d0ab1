using System.Buffers;
using System.Net.WebSockets;
using Docker.DotNet;
using Drover.Api.Agents.Streams;

namespace Drover.Server.Containers.Access;

/// <summary>A container's log on its way to a person. Nothing is read from the host before the person has taken what came before.</summary>
/// <param name="tty">Its output has no frames.</param>
/// <param name="together">As many lines in a message as there are at the moment.</param>
internal sealed class LogRelay(DockerAnswer log, HostDocker docker, string container, bool tty, bool together) : IRelay
{
    private const int BufferBytes = 64 * 1024;

    public Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken) => PersonSocket.WhileThereAsync(person, token => ShowAsync(person, token), cancellationToken);

    public void Dispose() => log.Dispose();

    private async Task<string> ShowAsync(WebSocket person, CancellationToken cancellationToken)
    {
        var (frames, lines, batch, ready) = (new Multiplexed(DockerChannel.Highest), new LogLines(), new ArrayBufferWriter<byte>(), new List<ReadOnlyMemory<byte>>());
        var buffer = new byte[BufferBytes];
        for (var more = true; more;)
        {
            var read = await log.Bytes.ReadAsync(buffer, cancellationToken);
            more = read > 0;
            if (!more)
            {
                lines.End(ready.Add);
            }
            else if (tty)
            {
                lines.Add(0, buffer.AsSpan(0, read), ready.Add);
            }
            else
            {
                frames.Read(buffer.AsSpan(0, read), (channel, bytes) => lines.Add(DockerChannel.StreamOf(channel), bytes, ready.Add));
            }

            await SendAsync(person, ready, batch, cancellationToken);
            ready.Clear();
        }

        return await EndAsync(cancellationToken);
    }

    private async Task SendAsync(WebSocket person, List<ReadOnlyMemory<byte>> lines, ArrayBufferWriter<byte> batch, CancellationToken cancellationToken)
    {
        foreach (var line in lines)
        {
            if (!together)
            {
                await person.SendAsync(line, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
                continue;
            }

            if (batch.WrittenCount > 0)
            {
                batch.Write("\n"u8);
            }

            batch.Write(line.Span);
        }

        if (batch.WrittenCount > 0)
        {
            await person.SendAsync(batch.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            batch.ResetWrittenCount();
        }
    }

    /// <summary>Why nothing more comes.</summary>
    private async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            var state = (await docker.ReadAsync($"containers/{container}/json", cancellationToken))["State"];
            return (bool?)state?["Running"] == true ? "This is the log so far." : $"The container exited with {(int?)state?["ExitCode"] ?? 0}.";
        }
        catch (DockerApiException)
        {
            return "The container was removed.";
        }
    }
}
