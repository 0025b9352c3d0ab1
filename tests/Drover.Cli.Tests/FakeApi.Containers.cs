using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Drover.Cli.Tests;

/// <summary>Containers of its hosts, and the streams that lead to them.</summary>
internal sealed partial class FakeApi
{
    private readonly List<JsonObject> _containers = [];

    /// <summary>Messages of a log, a shell or a pull; the farewell follows, unless there is none: then the line breaks.</summary>
    public List<byte[]> Messages { get; } = [];

    public (int Code, string Reason)? Farewell { get; set; } = (1000, "");

    /// <summary>Called with each container that is asked for, before the answer.</summary>
    public Action<JsonObject> OnRun { get; set; } = container => container["state"] = "running";

    /// <summary>What each action on a container was given, as <c>verb</c> and body.</summary>
    public List<(string Verb, JsonObject Body)> Asked { get; } = [];

    public JsonObject AddContainer(string name, string state, JsonObject host)
    {
        var id = $"1i{++_last}";
        var container = Resource("container", id, name, state);
        (container["hostId"], container["externalId"], container["image"], container["commandLine"], container["created"]) = (host["id"]!.DeepClone(), $"{_last:x2}abcdef0123456789", "bb:1", "sleep 1", "2026-01-01T00:00:00Z");
        lock (_gate)
        {
            _containers.Add(container);
        }

        return container;
    }

    private void MapContainers(WebApplication app, string inside)
    {
        app.MapGet($"{inside}/containers", () => List(_containers));
        app.MapGet($"{inside}/containers/{{id}}", (string id) => One(_containers, id));
        app.MapPost($"{inside}/containers", async (HttpRequest request) =>
        {
            var body = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
            Bodies.Add((JsonObject)body.DeepClone());
            var container = AddContainer((string?)body["name"] ?? "bb-1", "creating", _hosts[0]);
            OnRun(container);
            return Json((JsonObject)container.DeepClone(), 201);
        });
        app.MapDelete($"{inside}/containers/{{id}}", (string id) =>
        {
            _containers.RemoveAll(c => (string)c["id"]! == id);
            return Json(new JsonObject { ["id"] = id, ["type"] = "container", ["state"] = "removed" }, 200);
        });
        app.MapPost($"{inside}/containers/{{id}}", async (string id, HttpRequest request) =>
        {
            var verb = request.Query["action"].ToString();
            Asked.Add((verb, (JsonObject?)await JsonNode.ParseAsync(request.Body) ?? []));
            return verb is "logs" or "execute" or "attach" ? Access() : One(_containers, id);
        });
        app.MapPost($"{inside}/hosts/{{id}}", () => Access());
        app.Map("/v1/stream/", StreamAsync);
    }

    private static IResult Access() => Json(new JsonObject { ["id"] = "", ["type"] = "hostAccess", ["url"] = "ws://elsewhere:1/v1/stream/", ["token"] = "ticket" }, 200);

    private async Task StreamAsync(HttpContext http)
    {
        Assert.Equal("ticket", http.Request.Query["token"]);
        using var socket = await http.WebSockets.AcceptWebSocketAsync(http.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());
        foreach (var message in Messages)
        {
            await socket.SendAsync(message, socket.SubProtocol == "v5.channel.k8s.io" ? WebSocketMessageType.Binary : WebSocketMessageType.Text, true, http.RequestAborted);
        }

        if (Farewell is { } farewell)
        {
            await socket.CloseOutputAsync((WebSocketCloseStatus)farewell.Code, farewell.Reason, http.RequestAborted);
            await socket.ReceiveAsync(new byte[256], http.RequestAborted);
        }
        else
        {
            http.Abort();
        }
    }
}
