namespace Drover.Api.Agents.Streams;

/// <summary>Joins a stream of a link with another stream of bytes, such as a socket, until both directions are over.</summary>
/// <remarks>Each direction ends by itself, as on a TCP connection. Back-pressure: nothing is read from one side before the other has taken what came before.
/// A side that breaks breaks the other.</remarks>
public static class StreamPump
{
    /// <summary>So long is waited for the other direction when the far end has no more to say and cannot hear any more: who reads from it should let go.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    /// <param name="far">What the stream leads to.</param>
    /// <param name="endFar">Tells <paramref name="far"/> that no more comes; what it says can still be read.</param>
    public static async Task RunAsync(LinkStream stream, Stream far, Func<ValueTask> endFar, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var outward = OutwardAsync(stream, far, endFar, over.Token);
        var inward = InwardAsync(stream, far, over.Token);
        try
        {
            await await Task.WhenAny(outward, inward);
            if (inward.IsCompleted)
            {
                await outward.WaitAsync(s_grace, time, cancellationToken);
            }

            await inward;
        }
        catch (StreamResetException e)
        {
            // Of the far end, where that is a stream too; the reset of this one is not answered.
            stream.Reset(e.Fault, e.Message);
        }
        catch (TimeoutException)
        {
            stream.Reset(StreamFault.Cancelled, "The connection was ended by the other side.");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            stream.Reset(StreamFault.Failed, e.Message);
        }
        catch (OperationCanceledException)
        {
            stream.Reset(StreamFault.Cancelled, "It was ended from outside.");
        }
        finally
        {
            await over.CancelAsync();
            await far.DisposeAsync();
            await Task.WhenAll(outward, inward).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stream.DisposeAsync();
        }
    }

    private static async Task OutwardAsync(LinkStream stream, Stream far, Func<ValueTask> endFar, CancellationToken cancellationToken)
    {
        await stream.CopyToAsync(far, StreamFrame.MaxData, cancellationToken);
        await endFar();
    }

    private static async Task InwardAsync(LinkStream stream, Stream far, CancellationToken cancellationToken)
    {
        // Of the wire, not of the protocol: no clock but the real one paces it.
        var gathering = new Gathering(TimeProvider.System);
        var buffer = new byte[StreamFrame.MaxData];
        while (await far.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            if (gathering.Read(read))
            {
                await Task.Delay(Gathering.Pause, cancellationToken);
            }
        }

        await stream.EndAsync(cancellationToken);
    }
}
