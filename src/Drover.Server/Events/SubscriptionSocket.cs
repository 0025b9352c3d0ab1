using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Server.Events;

/// <summary>Writes one subscriber's events: a ping event at once and every five seconds, one JSON text frame per event, closed after twelve hours.</summary>
/// <remarks>Clients send WebSocket pings and close when no pong comes; the framework answers them as long as somebody reads, so this reads.</remarks>
internal sealed class SubscriptionSocket(WebSocket socket, Subscription subscription, TimeProvider time)
{
    private const int MaxPings = 8640;
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(done);
        try
        {
            await WriteAsync(done.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or SlowReaderException or TimeoutException)
        {
            // The client went away or is too slow, or the server stops: the socket ends in every case.
        }
        finally
        {
            await CloseAsync();
            await done.CancelAsync();
            await reading;
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PingInterval, time);
        var tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
        await SendAsync(Ping(), cancellationToken);
        var ready = subscription.Queue.WaitToReadAsync(cancellationToken).AsTask();
        for (var pings = 1; pings < MaxPings;)
        {
            await Task.WhenAny(tick, ready);
            if (ready.IsCompleted)
            {
                if (!await ready)
                {
                    return;
                }

                while (subscription.Queue.TryRead(out var message))
                {
                    await SendAsync(message.ToJson(subscription.DeliveredName(message.Name)), cancellationToken);
                }

                ready = subscription.Queue.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (tick.IsCompleted)
            {
                await tick;
                await SendAsync(Ping(), cancellationToken);
                pings++;
                tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            }
        }
    }

    private JsonObject Ping() => new EventMessage
    {
        Id = Guid.NewGuid().ToString(),
        Name = "ping",
        Time = time.GetUtcNow(),
        Data = new JsonObject { ["options"] = new JsonObject(), ["resources"] = new JsonArray() },
    }.ToJson("ping");

    private async Task SendAsync(JsonObject json, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellationToken).WaitAsync(WriteTimeout, cancellationToken);
    }

    /// <summary>Reads what the client sends (it need not send anything) until it closes.</summary>
    private async Task ReadAsync(CancellationTokenSource done)
    {
        var buffer = new byte[1024];
        try
        {
            while ((await socket.ReceiveAsync(buffer, done.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // Ends as a close does.
        }

        await done.CancelAsync();
    }

    private async Task CloseAsync()
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }

        using var patience = new CancellationTokenSource(CloseTimeout);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            socket.Abort();
        }
    }
}
