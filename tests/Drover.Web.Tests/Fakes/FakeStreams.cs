using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Web.Tests.Fakes;

/// <summary>The WebSockets of containers: log lines that a test or a timer writes, a shell that repeats what is typed, figures of a wave.</summary>
public sealed class FakeStreams(FakeCattle cattle)
{
    private readonly ConcurrentDictionary<string, JsonObject> _tickets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<WebSocket, string> _open = new();
    private int _next;

    /// <summary>What has been logged, by container id, as <c>(time, stream, text)</c>.</summary>
    public ConcurrentDictionary<string, List<(DateTimeOffset At, string Stream, string Text)>> Logs { get; } = new(StringComparer.Ordinal);

    /// <summary>What <c>inspect</c> answers.</summary>
    public Func<string, JsonObject> Inspect { get; set; } = id => new JsonObject { ["Id"] = id, ["State"] = new JsonObject { ["Status"] = "running", ["Pid"] = 4711 } };

    /// <summary>What was asked for the tickets: verb and body.</summary>
    public ConcurrentQueue<(string Verb, JsonObject Body)> Asked { get; } = new();

    public void Write(string id, string stream, string text, DateTimeOffset at)
    {
        var log = Logs.GetOrAdd(id, _ => []);
        lock (log)
        {
            log.Add((at, stream, text));
        }
    }

    /// <summary>Breaks every open stream without a farewell.</summary>
    public void Cut()
    {
        foreach (var socket in _open.Keys)
        {
            socket.Abort();
        }
    }

    internal IResult Ticket(string verb, string id, JsonObject body, HttpRequest request)
    {
        Asked.Enqueue((verb, (JsonObject)body.DeepClone()));
        var token = $"t{Interlocked.Increment(ref _next)}";
        var ticket = (JsonObject)body.DeepClone();
        ticket["container"] = id;
        _tickets[token] = ticket;
        var path = verb switch { "logs" => "logs", "execute" or "shell" => "exec", _ => "containerstats" };
        return FakeCattle.Json(new JsonObject { ["type"] = verb == "stats" ? "statsAccess" : "hostAccess", ["url"] = $"ws://{request.Host}/v1/{path}/", ["token"] = token }, 200);
    }

    internal void Map(WebApplication app, RouteGroupBuilder project)
    {
        project.MapGet("/containers/{id}/inspect", (string id) => FakeCattle.Json(Inspect(id)));
        project.MapGet("/containers/{id}/containerstats", (string id, HttpRequest request) => Ticket("stats", id, [], request));
        app.Map("/v1/logs/", context => OpenAsync(context, "lines", LogAsync));
        app.Map("/v1/exec/", context => OpenAsync(context, "v5.channel.k8s.io", ShellAsync));
        app.Map("/v1/containerstats/", context => OpenAsync(context, null, StatsAsync));
    }

    private async Task OpenAsync(HttpContext context, string? protocol, Func<WebSocket, JsonObject, CancellationToken, Task> serve)
    {
        if (!context.WebSockets.IsWebSocketRequest || !_tickets.TryRemove(context.Request.Query["token"].ToString(), out var ticket))
        {
            context.Response.StatusCode = 401;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        _open[socket] = "";
        try
        {
            await serve(socket, ticket, context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or ObjectDisposedException)
        {
            // The page has gone, or the test has cut it.
        }
        finally
        {
            _open.TryRemove(socket, out _);
        }
    }

    private async Task LogAsync(WebSocket socket, JsonObject ticket, CancellationToken gone)
    {
        var log = Logs.GetOrAdd((string)ticket["container"]!, _ => []);
        var lines = (int?)ticket["lines"] ?? 100;
        var since = DateTimeOffset.TryParse((string?)ticket["since"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : DateTimeOffset.MinValue;
        var next = 0;
        lock (log)
        {
            next = since > DateTimeOffset.MinValue ? log.FindIndex(l => l.At >= since) is >= 0 and var first ? first : log.Count : lines == 0 ? 0 : Math.Max(0, log.Count - lines);
        }

        while (!gone.IsCancellationRequested)
        {
            List<(DateTimeOffset At, string Stream, string Text)> part;
            lock (log)
            {
                part = log.GetRange(next, Math.Min(500, log.Count - next));
            }

            next += part.Count;
            if (part.Count > 0)
            {
                var text = string.Join('\n', part.SelectMany(l => Pieces(l.Text).Select(p => $"{l.Stream} {Stamp(l.At)} {p}")));
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, gone);
            }
            else if ((bool?)ticket["follow"] == false || (string?)cattle.Find((string)ticket["container"]!)?["state"] is "stopped" or "error")
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "The log ends here: the container does not run.", gone);
                return;
            }
            else
            {
                await Task.Delay(20, gone);
            }
        }
    }

    private static IEnumerable<string> Pieces(string text) => text.Length <= 65536 ? [text] : text.Chunk(65536).Select(c => new string(c));

    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);

    /// <summary>Repeats each line; <c>exit N</c> ends it.</summary>
    private static async Task ShellAsync(WebSocket socket, JsonObject ticket, CancellationToken gone)
    {
        var command = string.Join(' ', (ticket["command"] as JsonArray ?? []).Select(c => (string?)c));
        Task Say(string text) => socket.SendAsync((byte[])[1, .. Encoding.UTF8.GetBytes(text)], WebSocketMessageType.Binary, true, gone);
        await Say($"\u001b[32mfake\u001b[0m:{command.Split(' ')[0]} $ ");
        var line = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (await socket.ReceiveAsync(buffer, gone) is { MessageType: not WebSocketMessageType.Close } received)
        {
            var text = Encoding.UTF8.GetString(buffer, 1, received.Count - 1);
            if (buffer[0] == 4)
            {
                continue;
            }

            await Say(text.Replace("\r", "\r\n", StringComparison.Ordinal));
            line.Append(text);
            if (!text.Contains('\r', StringComparison.Ordinal))
            {
                continue;
            }

            var typed = line.ToString().Trim();
            line.Clear();
            if (typed.StartsWith("exit", StringComparison.Ordinal))
            {
                var code = typed[4..].Trim() is { Length: > 0 } given ? given : "0";
                var status = code == "0" ? new JsonObject { ["status"] = "Success" } : new JsonObject { ["status"] = "Failure", ["reason"] = "NonZeroExitCode", ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code }) } };
                await socket.SendAsync((byte[])[3, .. Encoding.UTF8.GetBytes(status.ToJsonString())], WebSocketMessageType.Binary, true, gone);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, gone);
                return;
            }

            await Say($"you said: {typed}\r\n$ ");
        }
    }

    private static async Task StatsAsync(WebSocket socket, JsonObject ticket, CancellationToken gone)
    {
        var (cpu, received, sent, read, written) = (0d, 0d, 0d, 0d, 0d);
        for (var i = 0; ; i++)
        {
            var wave = (1 + Math.Sin(i / 12.0)) / 2;
            (cpu, received, sent, read, written) = (cpu + (wave * 8e8), received + (wave * 120_000), sent + (wave * 30_000), read + (i % 20 == 0 ? 5e6 : 0), written + (wave * 250_000));
            var sample = new JsonObject
            {
                ["id"] = ticket["container"]!.DeepClone(), ["resourceType"] = "container", ["memLimit"] = 512L << 20,
                ["timestamp"] = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
                ["cpu"] = new JsonObject { ["usage"] = new JsonObject { ["total"] = (long)cpu } }, ["cpuPercent"] = wave * 80, ["pids"] = 7,
                ["memory"] = new JsonObject { ["usage"] = (long)((180 + (wave * 60)) * (1 << 20)) },
                ["network"] = new JsonObject { ["rx_bytes"] = (long)received, ["tx_bytes"] = (long)sent },
                ["diskIo"] = new JsonObject { ["ioServiceBytes"] = new JsonArray(new JsonObject { ["stats"] = new JsonObject { ["Read"] = (long)read, ["Write"] = (long)written } }) },
            };
            await socket.SendAsync(Encoding.UTF8.GetBytes(new JsonArray(sample).ToJsonString()), WebSocketMessageType.Text, true, gone);
            await Task.Delay(1000, gone);
        }
    }
}
