using System.Net.WebSockets;

namespace Drover.Server.Containers.Access;

/// <summary>The person's end of a stream that only shows something.</summary>
internal static class PersonSocket
{
    /// <summary>Runs <paramref name="show"/> until it ends or the person goes: then it is cancelled.</summary>
    public static async Task<string> WhileThereAsync(WebSocket person, Func<CancellationToken, Task<string>> show, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var showing = show(over.Token);
        var leaving = LeavingAsync(person, over.Token);
        try
        {
            if (await Task.WhenAny(showing, leaving) == leaving)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return "The person went away.";
            }

            return await showing;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(showing, leaving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What the person says means nothing here. The reading itself is not cancelled: that would tear the socket down before the farewell.</summary>
    private static async Task LeavingAsync(WebSocket person, CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        try
        {
            while ((await person.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(cancellationToken)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // Gone as well.
        }
    }
}
