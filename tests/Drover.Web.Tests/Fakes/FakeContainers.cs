using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Drover.Web.Tests.Fakes;

/// <summary>The containers of a <see cref="FakeCattle"/>: listed in pages, started and stopped at once.</summary>
public sealed class FakeContainers(FakeCattle cattle)
{
    /// <summary>What was asked: verb, id and body.</summary>
    public ConcurrentQueue<(string Verb, string Id, JsonObject Body)> Orders { get; } = new();

    /// <summary>A sentence that refuses a verb on an id; null takes it.</summary>
    public Func<string, string, string?> Refuse { get; set; } = (_, _) => null;

    /// <summary>How often a page of the list was asked for.</summary>
    public int PagesRead => _pagesRead;

    /// <summary>Container images by host id.</summary>
    public ConcurrentDictionary<string, JsonArray> Images { get; } = new(StringComparer.Ordinal);

    /// <summary>What was asked to be made.</summary>
    public ConcurrentQueue<JsonObject> Created { get; } = new();

    /// <summary>Answers to the making: null takes it.</summary>
    public Func<JsonObject, JsonObject?> RefuseCreate { get; set; } = _ => null;

    private int _pagesRead;

    internal void Map(RouteGroupBuilder project)
    {
        project.MapGet("/containers", List);
        project.MapPost("/containers", async (HttpRequest request) => Create(await FakeCattle.BodyAsync(request)));
        project.MapDelete("/containers/{id}", (string id, HttpRequest request) => Act(id, "remove", [], request));
        project.MapPost("/containers/{id}", async (string id, HttpRequest request) => Act(id, request.Query["action"].ToString(), await FakeCattle.BodyAsync(request), request));
        project.MapPost("/hosts/{id}", async (string id, HttpRequest request) => cattle.Streams.Ticket(request.Query["action"].ToString(), id, await FakeCattle.BodyAsync(request), request));
        project.MapGet("/hosts/{id}/images", (string id) => Images.TryGetValue(id, out var images)
            ? FakeCattle.List(images.OfType<JsonObject>())
            : FakeCattle.Error(503, "HostNotConnected", "The host is not connected at present; its link returns by itself."));
    }

    private IResult List(HttpRequest request, int limit = 1000, int marker = 0)
    {
        Interlocked.Increment(ref _pagesRead);
        var all = cattle.Resources.Where(r => (string?)r["type"] == "container" && (string?)r["state"] != "removed").OrderBy(r => (string?)r["id"], StringComparer.Ordinal).ToList();
        var next = marker + limit < all.Count ? $"{request.Scheme}://{request.Host}{request.Path}?limit={limit}&marker={marker + limit}" : null;
        return FakeCattle.Json(new JsonObject
        {
            ["type"] = "collection",
            ["data"] = new JsonArray([.. all.Skip(marker).Take(limit).Select(r => r.DeepClone())]),
            ["pagination"] = new JsonObject { ["partial"] = next is not null, ["next"] = next },
        });
    }

    private IResult Create(JsonObject body)
    {
        if (RefuseCreate(body) is { } refusal)
        {
            return FakeCattle.Json(refusal, (int)refusal["status"]!);
        }

        Created.Enqueue((JsonObject)body.DeepClone());
        var image = ((string)body["imageUuid"]!)["docker:".Length..];
        var id = $"1i9{Created.Count}";
        var container = Some.With(Some.Container(id, (string?)body["name"] ?? "eager_hopper", "creating", (string?)body["requestedHostId"] ?? "1h1", image), ("transitioningMessage", $"Pulling {image}: 3 of 7 layers, 12 MB of 40 MB"), ("pull", new JsonObject { ["current"] = 12, ["total"] = 40 }));
        cattle.Put(container);
        return FakeCattle.Json((JsonObject)container.DeepClone(), 201);
    }

    private IResult Act(string id, string verb, JsonObject body, HttpRequest request)
    {
        Orders.Enqueue((verb, id, body));
        if (Refuse(verb, id) is { } sentence)
        {
            return FakeCattle.Error(409, "DockerRefused", sentence);
        }

        if (cattle.Find(id) is not { } found)
        {
            return FakeCattle.Error(404, "Not Found");
        }

        if (verb is "logs" or "execute")
        {
            return cattle.Streams.Ticket(verb, id, body, request);
        }

        var answer = (JsonObject)found.DeepClone();
        (answer["state"], answer["transitioning"]) = (verb switch { "start" => "starting", "stop" => "stopping", "restart" => "restarting", _ => "removing" }, "yes");
        answer["dockerState"] = null;
        cattle.Put(answer);
        var after = verb == "remove" ? Some.With((JsonObject)found.DeepClone(), ("state", "removed")) : Some.Container(id, (string)found["name"]!, verb == "stop" ? "stopped" : "running", (string?)found["hostId"], like: found);
        cattle.Put(after);
        return FakeCattle.Json((JsonObject)answer.DeepClone(), 202);
    }

    /// <summary>Many containers on these hosts, of every life.</summary>
    public void Fill(int count, IReadOnlyList<string> hosts)
    {
        string[] images = ["nginx:1.27", "postgres:16.4", "redis:7-alpine", "registry.example.org/shop/api:2026.11.3", "registry.example.org/shop/worker:2026.11.3", "grafana/grafana:11.2.0", "busybox:1.36"];
        string[] roles = ["web", "db", "cache", "api", "worker", "graphs", "job"];
        for (var i = 0; i < count; i++)
        {
            var role = i % 7;
            var state = (i % 97, i % 31) switch { (0, _) => "error", (_, 7) => "stopped", (11, _) => "restarting", _ => "running" };
            var container = Some.Container($"1i{1000 + i}", $"{roles[role]}-{i / 7}", state, hosts[i % hosts.Count], images[role]);
            container["labels"] = new JsonObject { ["tier"] = roles[role], ["team"] = i % 3 == 0 ? "shop" : "platform", ["com.example.commit"] = (i * 7919).ToString("x8", CultureInfo.InvariantCulture) };
            container["ports"] = role switch { 0 => new JsonArray($"{8000 + (i % 1000)}:80/tcp", "443/tcp"), 1 => new JsonArray("5432/tcp"), 3 => new JsonArray($"{9000 + (i % 1000)}:9000/tcp"), _ => new JsonArray() };
            container["primaryIpAddress"] = $"172.17.{i / 250 % 250}.{2 + (i % 250)}";
            cattle.PutSilently(container);
        }
    }
}
