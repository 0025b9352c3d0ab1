using System.Net.WebSockets;
using Drover.Api.Agents.Streams;

namespace Drover.Server.Containers.Access;

/// <summary>A process in a host, and the person at it.</summary>
/// <remarks>Back-pressure both ways: nothing is read from one side before the other has taken what came before.</remarks>
internal sealed class ExecRelay(ExecFraming framing, IExecConnection process, bool tty) : IRelay
{
    private const int BufferBytes = 32 * 1024;
    private const int LongestMessage = 1024 * 1024;
    private static readonly byte[] s_endOfInput = [4]; // what a terminal sends for Ctrl-D

    /// <summary>Tells the terminal's width and height.</summary>
    public required Func<int, int, CancellationToken, Task> Resize { get; init; }

    /// <summary>Asked once the output has ended; null while the process still runs.</summary>
    public required Func<CancellationToken, Task<int?>> ExitCode { get; init; }

    public async Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var typing = TypeAsync(person, over.Token);
        var showing = ShowAsync(person, over.Token);
        try
        {
            if (await Task.WhenAny(typing, showing) == typing)
            {
                await typing;
                cancellationToken.ThrowIfCancellationRequested();
                return "The person went away.";
            }

            await showing;
            if (await ExitCode(cancellationToken) is not { } code)
            {
                return "Its output has ended.";
            }

            if (framing.WriteEnd(code) is { } end)
            {
                await person.SendAsync(end, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            }

            return $"It exited with {code}.";
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(typing, showing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => process.Dispose();

    private async Task ShowAsync(WebSocket person, CancellationToken cancellationToken)
    {
        var (buffer, frames, parts) = (new byte[BufferBytes], new Multiplexed(DockerChannel.Highest), new List<(WebSocketMessageType Type, byte[] Message)>());
        while (await process.Bytes.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            if (tty)
            {
                parts.Add(framing.Write(DockerChannel.Output, buffer.AsSpan(0, read)));
            }
            else
            {
                frames.Read(buffer.AsSpan(0, read), (channel, bytes) => parts.Add(framing.Write(DockerChannel.StreamOf(channel), bytes)));
            }

            foreach (var (type, message) in parts)
            {
                await person.SendAsync(message, type, endOfMessage: true, cancellationToken);
            }

            parts.Clear();
        }
    }

    /// <summary>Until the person goes.</summary>
    private async Task TypeAsync(WebSocket person, CancellationToken cancellationToken)
    {
        var message = new byte[BufferBytes];
        var (length, ended) = (0, false);
        while (true)
        {
            if (length == message.Length)
            {
                if (length >= LongestMessage)
                {
                    return;
                }

                Array.Resize(ref message, length * 2);
            }

            // The reading itself is not cancelled: that would tear the socket down before the farewell.
            var received = await person.ReceiveAsync(message.AsMemory(length), CancellationToken.None).AsTask().WaitAsync(cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await LeaveAsync(ended, cancellationToken);
                return;
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                ended |= await TakeAsync(framing.Read(received.MessageType, message.AsSpan(0, length)), ended, cancellationToken);
                length = 0;
            }
        }
    }

    /// <returns>Whether it was the end of the input.</returns>
    private async Task<bool> TakeAsync(ExecInput input, bool ended, CancellationToken cancellationToken)
    {
        switch (input.Kind)
        {
            case ExecInputKind.Bytes when !ended:
                await process.Bytes.WriteAsync(input.Bytes, cancellationToken);
                break;
            case ExecInputKind.Resize:
                await Resize(input.Width, input.Height, cancellationToken);
                break;
            case ExecInputKind.End when !ended:
                await process.EndInputAsync(cancellationToken);
                return true;
        }

        return false;
    }

    /// <summary>A shell whose person has gone should end, and Docker would let it wait for ever.</summary>
    private async Task LeaveAsync(bool ended, CancellationToken cancellationToken)
    {
        if (!ended)
        {
            await process.Bytes.WriteAsync(s_endOfInput.AsMemory(0, tty ? 1 : 0), cancellationToken);
            await process.EndInputAsync(cancellationToken);
        }
    }
}
