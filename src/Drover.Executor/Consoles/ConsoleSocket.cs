using System.Net.WebSockets;
using System.Text;
using Drover.Executor.Machines;

namespace Drover.Executor.Consoles;

/// <summary>The far end of a console: a WebSocket that we dialled, because nothing listens here for others.</summary>
/// <remarks>Who does not take what he is sent is not sent more: a read from the console follows only after the write of the one before.</remarks>
internal sealed class ConsoleSocket : IDisposable
{
    private const int BufferBytes = 16 * 1024;
    private static readonly TimeSpan DialTime = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(1);

    private readonly ClientWebSocket socket = new();

    private ConsoleSocket()
    {
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(45);
    }

    /// <exception cref="MachineException">Nobody waits there, or not for us.</exception>
    internal static async Task<ConsoleSocket> DialAsync(ConsoleCall call, TimeProvider time, CancellationToken cancellationToken)
    {
        var dialled = new ConsoleSocket();
        dialled.socket.Options.SetRequestHeader("Authorization", $"Bearer {call.Secret}");
        using var limit = new CancellationTokenSource(DialTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await dialled.socket.ConnectAsync(call.Url, either.Token);
            return dialled;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            dialled.Dispose();
            throw new MachineException($"The machine's computer does not reach {call.Url.GetLeftPart(UriPartial.Authority)} for the console: {(e is WebSocketException ? e.InnerException?.Message ?? e.Message : "no answer")}", e);
        }
        catch
        {
            dialled.Dispose();
            throw;
        }
    }

    /// <summary>Joins both until one of them ends; then the other ends too, with the reason.</summary>
    /// <param name="ending">The machine is going.</param>
    internal async Task JoinAsync(IConsole console, CancellationToken ending)
    {
        using var over = new CancellationTokenSource();
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = ending.Register(stopped.SetResult);
        var outward = OutwardAsync(console, over.Token);
        var inward = InwardAsync(console, over.Token);
        var first = await Task.WhenAny(outward, inward, stopped.Task);
        await CloseAsync(ending.IsCancellationRequested ? "The machine is being removed." : first == outward ? "The machine closed its console." : "");

        // Dropping the socket at once would lose the farewell on its way. Who does not answer it is not waited for.
        await inward.WaitAsync(CloseTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await over.CancelAsync();
        socket.Abort();
        await Task.WhenAll(outward, inward);
    }

    public void Dispose() => socket.Dispose();

    private async Task OutwardAsync(IConsole console, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            int read;
            while ((read = await console.ReadAsync(buffer, cancellationToken)) > 0)
            {
                // Not with the token: it would abort the socket before the farewell, which ends a send that hangs.
                await socket.SendAsync(buffer.AsMemory(0, read), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
        }
    }

    private async Task InwardAsync(IConsole console, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                // Ended by the other side's farewell, or by dropping the socket: a token would drop it before ours.
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                await console.WriteAsync(buffer.AsMemory(0, received.Count), cancellationToken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
        }
    }

    private async Task CloseAsync(string reason)
    {
        using var patience = new CancellationTokenSource(CloseTime);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                var bytes = Encoding.UTF8.GetByteCount(reason);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, bytes <= 123 ? reason : "", patience.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }
    }
}
