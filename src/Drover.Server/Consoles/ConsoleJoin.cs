using System.Net.WebSockets;
using Drover.Api;

namespace Drover.Server.Consoles;

/// <summary>Two WebSockets that are one stream of bytes, until one of them ends; the other then ends with its reason.</summary>
/// <remarks>Back-pressure: nothing is read from one before the other has taken what came before.</remarks>
internal static class ConsoleJoin
{
    /// <summary>The console could not be opened; the reason says why.</summary>
    public const int CloseRefused = 4503;

    private const int BufferBytes = 16 * 1024;
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(12);
    private static readonly TimeSpan s_closeTime = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(WebSocket person, WebSocket machine, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource();
        var typed = PumpAsync(person, machine);
        var shown = PumpAsync(machine, person);
        var longest = Task.Delay(s_longest, time, over.Token);
        var stopped = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(stopped.SetResult);
        var first = await Task.WhenAny(typed, shown, longest, stopped.Task);
        var (code, reason) =
            first == shown ? await shown ?? ((int)WebSocketCloseStatus.NormalClosure, "The connection to the machine's computer broke.")
            : first == typed ? await typed ?? ((int)WebSocketCloseStatus.NormalClosure, "The person went away.")
            : first == longest ? ((int)WebSocketCloseStatus.NormalClosure, "This console was open for 12 hours; open it again.")
            : ((int)WebSocketCloseStatus.EndpointUnavailable, "The server stops.");

        await Task.WhenAll(CloseAsync(person, code, reason), CloseAsync(machine, code, reason));
        await over.CancelAsync();

        // Dropping a socket at once would lose the farewell on its way. Who does not answer it is not waited for.
        await ((Task)Task.WhenAll(typed, shown)).WaitAsync(s_closeTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        person.Abort();
        machine.Abort();
        await Task.WhenAll(typed, shown);
        await longest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public static async Task CloseAsync(WebSocket socket, int code, string reason)
    {
        using var patience = new CancellationTokenSource(s_closeTime);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync((WebSocketCloseStatus)code, CloseReason.Fit(reason), patience.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            socket.Abort();
        }
    }

    /// <returns>The farewell of <paramref name="from"/>; null when a line broke.</returns>
    private static async Task<(int Code, string Reason)?> PumpAsync(WebSocket from, WebSocket to)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                // Ended by a farewell, or by dropping the sockets: a token would drop them before the farewell.
                var received = await from.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return ((int)WebSocketCloseStatus.NormalClosure, from.CloseStatusDescription ?? "");
                }

                await to.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            return null;
        }
    }
}
