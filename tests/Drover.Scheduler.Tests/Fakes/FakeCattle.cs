using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>The handful of endpoints of a Cattle server that the scheduler uses, over real HTTP and WebSockets, with the machine processes behind them:
/// create → bootstrap → active, and remove. An event is sent again with a new id whenever the test asks for it, as a server does after its time-out.</summary>
internal sealed class FakeCattle : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, FakeMachine> _machines = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<WebSocket, SemaphoreSlim> _sockets = new();
    private readonly Dictionary<string, JsonObject> _handlers = new(StringComparer.Ordinal);
    private int _ids;

    private FakeCattle(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public ConcurrentQueue<JsonObject> Published { get; } = new();

    public ConcurrentQueue<string> Requests { get; } = new();

    public int HandlersCreated { get; private set; }

    /// <summary>Machines get tokens of their own, as a Drover server's do.</summary>
    public bool TokensOfMachines { get; set; } = true;

    /// <summary>Answers every request with this status while it is set.</summary>
    public int? Failing { get; set; }

    /// <summary>Setting <c>pool.warm</c>; null: a server without a pool, as a real Rancher.</summary>
    public string? Warm { get; set; }

    public string Templates { get; set; } = "auto";

    /// <summary>What the scheduler last told of its pool.</summary>
    public JsonObject? Pool { get; private set; }

    public int Subscribers => _sockets.Count;

    public FakeMachine this[string id] => _machines[id];

    public static async Task<FakeCattle> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var cattle = new FakeCattle(app);
        app.UseWebSockets();
        app.Run(cattle.HandleAsync);
        await app.StartAsync();
        cattle.Url = app.Urls.Single() + "/v1";
        return cattle;
    }

    public FakeMachine Create(string id, JsonObject? config = null, string state = "creating", string driver = "mesos")
    {
        var machine = new FakeMachine(id) { State = state, Driver = driver, Config = config ?? [] };
        _machines[id] = machine;
        return machine;
    }

    /// <summary>Sends the event that the machine's state waits for; again, with a new id, when it was sent before.</summary>
    public Task SendAsync(string machineId) => _machines[machineId] switch
    {
        { State: "creating" } => SendAsync(machineId, "physicalhost.create"),
        { State: "bootstrapping" } => SendAsync(machineId, "physicalhost.bootstrap"),
        { State: "removing" } => SendAsync(machineId, "physicalhost.remove"),
        _ => Task.CompletedTask,
    };

    public async Task<string> SendAsync(string machineId, string name, JsonObject? data = null)
    {
        var n = Interlocked.Increment(ref _ids);
        var e = new JsonObject
        {
            ["id"] = $"event-{n}",
            ["name"] = $"{name};handler=droverMesos",
            ["replyTo"] = $"reply.{n}",
            ["resourceId"] = machineId,
            ["resourceType"] = "physicalHost",
            ["data"] = data ?? [],
        };
        if (_machines.TryGetValue(machineId, out var machine) && name != "physicalhost.console")
        {
            machine.Waiting = ($"event-{n}", $"reply.{n}");
        }

        var bytes = Encoding.UTF8.GetBytes(e.ToJsonString());
        foreach (var (socket, room) in _sockets)
        {
            await room.WaitAsync();
            try
            {
                await socket.SendAsync(bytes, WebSocketMessageType.Text, true, CancellationToken.None);
            }
            catch (Exception ex) when (ex is WebSocketException or ObjectDisposedException or InvalidOperationException)
            {
                _sockets.TryRemove(socket, out _);
            }
            finally
            {
                room.Release();
            }
        }

        return $"reply.{n}";
    }

    public void CloseSockets()
    {
        foreach (var socket in _sockets.Keys)
        {
            _sockets.TryRemove(socket, out _);
            socket.Abort();
        }
    }

    public void Delete(string id) => _machines[id].State = "removing";

    public IReadOnlyList<JsonObject> RepliesTo(string replyTo) => [.. Published.Where(p => (string?)p["name"] == replyTo)];

    public async ValueTask DisposeAsync()
    {
        CloseSockets();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!["/v1".Length..].Trim('/').Split('/');
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        if (Failing is { } failing)
        {
            context.Response.StatusCode = failing;
            return;
        }

        if (path[0] == "subscribe")
        {
            await SubscribeAsync(context);
            return;
        }

        var body = context.Request.Method == "GET" ? [] : await JsonNode.ParseAsync(context.Request.Body) as JsonObject ?? [];
        var (status, answer) = (context.Request.Method, path[0], path.Length) switch
        {
            ("GET", "schemas", 2) => (200, TokensOfMachines
                ? new JsonObject { ["id"] = path[1], ["resourceFields"] = new JsonObject { ["physicalHostId"] = new JsonObject { ["create"] = true } } }
                : new JsonObject { ["id"] = path[1], ["resourceFields"] = new JsonObject() }),
            ("POST", "registrationtokens", 1) => (201, Token(body)),
            ("GET", "registrationtokens", 1) => (200, Collection([])),
            ("GET", "machines", 1) => (200, Collection(_machines.Values.Where(m => m.State != "removed").Select(m => m.ToJson()))),
            ("GET", "machines", 2) => _machines.TryGetValue(path[1], out var machine) ? (200, machine.ToJson()) : (404, Error(404, "Not Found")),
            ("POST", "machines", 2) => MachineError(path[1], body),
            ("GET", "externalhandlers", 1) => (200, Handlers()),
            ("GET", "externalhandlers", 2) => (200, Handler(path[1])),
            ("POST", "externalhandlers", 1) => AddHandler(body),
            ("POST", "externalhandlers", 2) => (202, Act(path[1], context.Request.Query["action"]!)),
            ("PUT", "pools", 2) => PoolTold(body),
            ("POST", "publish", 1) => (201, Publish(body)),
            _ => (404, Error(404, "Not Found")),
        };
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    private async Task SubscribeAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var room = new SemaphoreSlim(1);
        _sockets[socket] = room;
        try
        {
            await socket.ReceiveAsync(new byte[16], CancellationToken.None);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The scheduler went away.
        }

        await room.WaitAsync();
        _sockets.TryRemove(socket, out _);
    }

    private (int, JsonObject) PoolTold(JsonObject body)
    {
        if (Warm is null)
        {
            return (404, Error(404, "Not Found"));
        }

        Pool = body;
        return (200, new JsonObject { ["id"] = "droverMesos", ["type"] = "pool", ["warm"] = Warm, ["templates"] = Templates });
    }

    private JsonObject Publish(JsonObject body)
    {
        Published.Enqueue(body);
        lock (_lock)
        {
            var machine = _machines.Values.FirstOrDefault(m => m.Waiting is { } w && w.ReplyTo == (string?)body["name"] && w.EventId == (string?)body["previousIds"]?[0]);
            if (machine is not null)
            {
                machine.Reply(body);
            }
        }

        return (JsonObject)body.DeepClone();
    }

    private (int, JsonObject) MachineError(string id, JsonObject body)
    {
        if (!_machines.TryGetValue(id, out var machine) || machine.State is "removing" or "removed")
        {
            return (422, Error(422, "ActionNotAvailable"));
        }

        machine.State = "error";
        machine.Message = (string?)body["message"];
        return (202, machine.ToJson());
    }

    private JsonObject Token(JsonObject body)
    {
        var n = Interlocked.Increment(ref _ids);
        return new JsonObject
        {
            ["id"] = $"1c{n}",
            ["type"] = "registrationToken",
            ["state"] = "active",
            ["accountId"] = body["accountId"]?.DeepClone(),
            ["links"] = new JsonObject { ["registrationUrl"] = $"http://localhost:8080/v1/scripts/token-{body["physicalHostId"] ?? body["accountId"]}-{n}" },
        };
    }

    private (int, JsonObject) AddHandler(JsonObject body)
    {
        lock (_lock)
        {
            HandlersCreated++;
            var id = $"1eh{HandlersCreated}";
            _handlers[id] = new JsonObject { ["id"] = id, ["name"] = body["name"]?.DeepClone(), ["uuid"] = body["uuid"]?.DeepClone(), ["state"] = "active" };
            return (201, Handler(id));
        }
    }

    private JsonObject Handlers()
    {
        lock (_lock)
        {
            return Collection(_handlers.Where(h => (string?)h.Value["state"] == "active").Select(h => Handler(h.Key)));
        }
    }

    private JsonObject Handler(string id)
    {
        lock (_lock)
        {
            var handler = (JsonObject)_handlers[id].DeepClone();
            var action = (string?)handler["state"] switch { "active" => "deactivate", "inactive" => "remove", _ => null };
            handler["transitioning"] = "no";
            handler["actions"] = action is null ? [] : new JsonObject { [action] = $"{Url}/externalhandlers/{id}?action={action}" };
            return handler;
        }
    }

    private JsonObject Act(string id, string action)
    {
        lock (_lock)
        {
            _handlers[id]["state"] = action == "deactivate" ? "inactive" : "removed";
            return Handler(id);
        }
    }

    private static JsonObject Collection(IEnumerable<JsonObject> data) => new() { ["type"] = "collection", ["data"] = new JsonArray([.. data.Select(d => (JsonNode)d)]) };

    private static JsonObject Error(int status, string code) => new() { ["type"] = "error", ["status"] = status, ["code"] = code };
}
