using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Agents.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Drover.Cli.Tests;

/// <summary>How it answers: routes, collections and events in the form of the server.</summary>
internal sealed partial class FakeApi
{
    private void Map(WebApplication app)
    {
        var inside = $"/v2-beta/projects/{Project}";
        app.Use(async (HttpContext http, RequestDelegate next) =>
        {
            lock (_gate)
            {
                Requests.Add($"{http.Request.Method} {http.Request.Path}");
            }

            if (IsAway)
            {
                await Error(503, "Service Unavailable", null).ExecuteAsync(http);
                return;
            }

            var authorization = http.Request.Headers.Authorization.ToString();
            if (http.Request.Path != "/readyz" && http.Request.Path != "/v1/stream/" && http.Request.Path != "/v2-beta/token" && !authorization.StartsWith("Bearer jwt", StringComparison.Ordinal)
                && authorization != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("key:secret"))}")
            {
                await Error(401, "Unauthorized", null).ExecuteAsync(http);
                return;
            }

            await next(http);
        });
        app.MapGet("/readyz", () => "ok");
        app.MapPost("/v2-beta/token", async (HttpRequest request) =>
        {
            var body = await JsonNode.ParseAsync(request.Body);
            return (string?)body!["code"] == "admin:right" ? Json(new JsonObject { ["type"] = "token", ["jwt"] = "jwt-1" }, 201) : Error(401, "Unauthorized", null);
        });
        app.MapGet("/v2-beta/projects", () => List(Environments));
        app.MapGet("/v2-beta/pools", () => List(Pools));
        app.MapPut("/v2-beta/settings/{name}", async (string name, HttpRequest request) =>
        {
            Settings[name] = (string?)(await JsonNode.ParseAsync(request.Body))!["value"] ?? "";
            return Json(new JsonObject { ["id"] = name, ["type"] = "setting" }, 200);
        });
        app.MapGet($"{inside}/machines", () => List(_machines));
        app.MapGet($"{inside}/hosts", () => List(_hosts));
        app.MapGet($"{inside}/machines/{{id}}", (string id) => One(_machines, id));
        app.MapGet($"{inside}/hosts/{{id}}", (string id) => One(_hosts, id));
        app.MapPost($"{inside}/machines", CreateAsync);
        app.MapPut($"{inside}/machines/{{id}}", UpdateAsync);
        app.MapPost($"{inside}/machines/{{id}}", ActAsync);
        app.MapPost($"{inside}/machineTrials", async (HttpRequest request) =>
        {
            Bodies.Add((JsonObject)(await JsonNode.ParseAsync(request.Body))!);
            return Json(Trial, 200);
        });
        app.MapDelete($"{inside}/machines/{{id}}", Delete);
        app.MapGet($"{inside}/machines/{{id}}/console", (long offset) =>
        {
            var text = Console[(int)Math.Min(offset, Console.Length)..];
            text = text[..Math.Min(text.Length, 10)];
            return Json(new JsonObject { ["type"] = "machineConsole", ["offset"] = offset, ["next"] = offset + text.Length, ["text"] = text, ["size"] = Console.Length }, 200);
        });
        app.MapGet($"{inside}/subscribe", SubscribeAsync);
        app.MapGet($"{inside}/hosts/{{id}}/streams", StreamsAsync);
        MapContainers(app, inside);
    }

    private async Task StreamsAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync(StreamSocket.Protocol);
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, Breaks.Token);
        await StreamSocket.RunAsync(socket, new LinkStreams(Serve), broken.Token);
    }

    private async Task<IResult> CreateAsync(HttpRequest request)
    {
        var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
        var name = (string)body["name"]!;
        lock (_gate)
        {
            Bodies.Add((JsonObject)body.DeepClone());
            if (_machines.Any(m => (string)m["name"]! == name))
            {
                return Error(422, "NotUnique", "The name is taken.", "name");
            }
        }

        var machine = AddMachine(name, "requested");
        OnCreate?.Invoke(machine);
        lock (_gate)
        {
            return Json((JsonObject)machine.DeepClone(), 201);
        }
    }

    /// <summary>Actions on machines, in order, with what they were given.</summary>
    public List<(string Verb, JsonObject Input)> Actions { get; } = [];

    /// <summary>What an action does to its machine.</summary>
    public Action<JsonObject, string> OnAction { get; set; } = (_, _) => { };

    private async Task<IResult> ActAsync(string id, HttpRequest request)
    {
        var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
        var verb = request.Query["action"].ToString();
        lock (_gate)
        {
            if (_machines.Find(m => (string)m["id"]! == id) is not { } machine)
            {
                return Error(404, "Not Found", null);
            }

            OnAction(machine, verb);
            Actions.Add((verb, (JsonObject)body.DeepClone()));
            return Json((JsonObject)machine.DeepClone(), 202);
        }
    }

    private async Task<IResult> UpdateAsync(string id, HttpRequest request)
    {
        var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
        lock (_gate)
        {
            Bodies.Add((JsonObject)body.DeepClone());
            if (_machines.Find(m => (string)m["id"]! == id) is not { } machine)
            {
                return Error(404, "Not Found", null);
            }

            foreach (var (key, value) in body)
            {
                machine[key] = value?.DeepClone();
            }

            return Json((JsonObject)machine.DeepClone(), 200);
        }
    }

    private IResult Delete(string id)
    {
        JsonObject? machine;
        lock (_gate)
        {
            machine = _machines.Find(m => (string)m["id"]! == id);
        }

        if (machine is null)
        {
            return Error(404, "Not Found", null);
        }

        Change(machine, m => m["state"] = "removing");
        (OnDelete ?? Remove)(machine);
        return Json((JsonObject)machine.DeepClone(), 200);
    }

    private async Task SubscribeAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var events = Channel.CreateUnbounded<string>();
        _subscribers[events] = true;
        try
        {
            await foreach (var text in events.Reader.ReadAllAsync(http.RequestAborted))
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, http.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The client went away.
        }
        finally
        {
            _subscribers.TryRemove(events, out _);
        }
    }

    private IResult List(List<JsonObject> all)
    {
        lock (_gate)
        {
            return Json(new JsonObject { ["type"] = "collection", ["data"] = new JsonArray([.. all.Select(r => r.DeepClone())]) }, 200);
        }
    }

    private IResult One(List<JsonObject> all, string id)
    {
        lock (_gate)
        {
            return all.Find(r => (string)r["id"]! == id) is { } found ? Json((JsonObject)found.DeepClone(), 200) : Error(404, "Not Found", null);
        }
    }

    private static IResult Json(JsonObject body, int status) => Results.Text(body.ToJsonString(), "application/json", Encoding.UTF8, status);

    private static IResult Error(int status, string code, string? detail, string? field = null) =>
        Json(new JsonObject { ["type"] = "error", ["status"] = status, ["code"] = code, ["detail"] = detail, ["fieldName"] = field }, status);
}
