using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Drover.Web.Tests.Fakes;

/// <summary>The part of the Cattle API that the pages use, over real HTTP, with resources that the test puts there.</summary>
public sealed class FakeCattle : IAsyncDisposable
{
    public const string User = "admin";
    public const string Password = "correct horse";
    public const string Token = "token-of-admin";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, JsonObject> _resources = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Channel<string>, string> _subscribers = new();
    private int _next = 100;

    private FakeCattle(WebApplication app)
    {
        _app = app;
        Containers = new FakeContainers(this);
        Streams = new FakeStreams(this);
        Keys = new FakeKeys(this);
    }

    public FakeContainers Containers { get; }

    public FakeStreams Streams { get; }

    internal IEnumerable<JsonObject> Resources => _resources.Values;

    /// <summary>The API's root for <c>WebOptions.Api</c>.</summary>
    public Uri Api => new(new Uri(_app.Urls.First()), "/v2-beta");

    public List<(string Id, string Name)> Projects { get; } = [("1a5", "Default")];

    /// <summary>Answers to <c>POST machines</c>: null accepts.</summary>
    public Func<JsonObject, JsonObject?> Refuse { get; set; } = _ => null;

    public ConcurrentQueue<JsonObject> Created { get; } = new();

    /// <summary>What a scheduler would say to a trial; null: none is connected.</summary>
    public JsonObject? Trial { get; set; }

    public ConcurrentQueue<JsonObject> Trials { get; } = new();

    public ConcurrentQueue<string> Deleted { get; } = new();

    /// <summary>Console text by machine id.</summary>
    public ConcurrentDictionary<string, string> Consoles { get; } = new(StringComparer.Ordinal);

    /// <summary>Actions on images: <c>NAME ACTION</c>.</summary>
    public ConcurrentQueue<string> Acted { get; } = new();

    /// <summary>Whether the signed-in user may change images.</summary>
    public bool MayAddImages { get; set; } = true;

    /// <summary>All tokens are refused while false.</summary>
    public bool SessionsValid { get; set; } = true;

    public int Subscribers => _subscribers.Count;

    public static async Task<FakeCattle> StartAsync(string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.AddRouting();
        var app = builder.Build();
        var fake = new FakeCattle(app);
        fake.Map();
        await app.StartAsync();
        return fake;
    }

    /// <summary>Stores a resource and tells the subscribers.</summary>
    public void Put(JsonObject resource)
    {
        var id = (string)resource["id"]!;
        _resources[id] = resource;
        var change = new JsonObject
        {
            ["name"] = "resource.change",
            ["id"] = Guid.NewGuid().ToString(),
            ["resourceType"] = resource["type"]!.DeepClone(),
            ["resourceId"] = id,
            ["data"] = new JsonObject { ["resource"] = resource.DeepClone() },
        }.ToJsonString();
        foreach (var subscriber in _subscribers.Keys)
        {
            subscriber.Writer.TryWrite(change);
        }
    }

    /// <summary>Stores without telling: what a list finds and no event said.</summary>
    public void PutSilently(JsonObject resource) => _resources[(string)resource["id"]!] = resource;

    public JsonObject? Find(string id) => _resources.GetValueOrDefault(id);

    public void Forget(string id) => _resources.TryRemove(id, out _);

    /// <summary>Closes every subscription, as a server does that restarts.</summary>
    public void CutSubscriptions()
    {
        foreach (var subscriber in _subscribers.Keys)
        {
            subscriber.Writer.TryComplete();
        }
    }

    public async ValueTask DisposeAsync()
    {
        CutSubscriptions();
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    internal static IResult Error(int status, string code, string? detail = null, string? field = null) =>
        Json(new JsonObject { ["type"] = "error", ["status"] = status, ["code"] = code, ["detail"] = detail, ["fieldName"] = field }, status);

    internal static IResult Json(JsonObject json, int status = 200) => Results.Text(json.ToJsonString(), "application/json", Encoding.UTF8, status);

    internal static async Task<JsonObject> BodyAsync(HttpRequest request) =>
        (JsonObject)(await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted))!;

    private void Map()
    {
        _app.UseWebSockets();
        _app.MapPost("/v1/token", async (HttpRequest request) =>
            (string?)(await BodyAsync(request))["code"] == $"{User}:{Password}" ? Json(new JsonObject { ["type"] = "token", ["jwt"] = Token }, 201) : Error(401, "Unauthorized"));
        _app.MapDelete("/v1/token", () => Results.NoContent());
        _app.MapGet("/v2-beta/projects", (HttpRequest request) => Allowed(request) ? List(Projects.Select(p => new JsonObject { ["id"] = p.Id, ["type"] = "project", ["name"] = p.Name, ["state"] = "active" })) : Error(401, "Unauthorized"));

        MapImages();

        var project = _app.MapGroup("/v2-beta/projects/{project}");
        project.AddEndpointFilter(async (context, next) => Allowed(context.HttpContext.Request) ? await next(context) : Error(401, "Unauthorized"));
        Containers.Map(project);
        Streams.Map(_app, project);
        project.MapGet("/machines", () => List(_resources.Values.Where(r => (string?)r["type"] == "machine")));
        project.MapGet("/hosts", () => List(_resources.Values.Where(r => (string?)r["type"] == "host")));
        project.MapGet("/pools", () => List(_resources.Values.Where(r => (string?)r["type"] == "pool")));
        foreach (var type in new[] { "processInstance", "auditLog", "apiKey" })
        {
            project.MapGet($"/{type}s", (HttpRequest request) => Newest(type, request));
        }

        project.MapPost("/apiKeys", async (HttpRequest request) => Keys.Create(await BodyAsync(request)));
        project.MapPost("/apiKeys/{id}", (string id, string action) => Keys.Act(id, action));
        _app.MapGet("/v2-beta/apiKeys", (HttpRequest request) => Allowed(request) ? Newest("apiKey", request) : Error(401, "Unauthorized"));
        _app.MapGet("/v2-beta/settings", () => List(_resources.Values.Where(r => (string?)r["type"] == "setting")));
        _app.MapGet("/v2-beta/schemas/setting", () => Json(new JsonObject { ["id"] = "setting", ["resourceMethods"] = MayAddImages ? new JsonArray("GET", "PUT") : new JsonArray("GET") }));
        _app.MapPut("/v2-beta/settings/{name}", async (string name, HttpRequest request) => Set(name, await BodyAsync(request)));
        project.MapGet("/{type}/{id}", (string id) => Find(id) is { } found ? Json((JsonObject)found.DeepClone()) : Error(404, "Not Found"));
        project.MapPost("/machines", CreateAsync);
        project.MapPost("/machineTrials", async (HttpRequest request) => Try(await BodyAsync(request)));
        project.MapPut("/machines/{id}", async (string id, HttpRequest request) => Ask(id, "update", await BodyAsync(request)));
        project.MapPost("/machines/{id}", async (string id, HttpRequest request) => Ask(id, request.Query["action"].ToString(), await BodyAsync(request)));
        project.MapGet("/machines/{id}/usage", () => Json(new JsonObject { ["type"] = "machineUsage", ["samples"] = Usage?.DeepClone() ?? new JsonArray() }));
        project.MapGet("/hosts/{id}/loads", (HttpRequest request) => Loads(request.Query["span"]) is { } loads ? Json((JsonObject)loads.DeepClone()) : Error(503, "Service Unavailable", "The database is busy; try again."));
        project.MapDelete("/{type}/{id}", Delete);
        project.MapGet("/machines/{id}/console", Console);
        project.Map("/subscribe", SubscribeAsync);
    }

    /// <summary>Newest first, in pages.</summary>
    private IResult Newest(string type, HttpRequest request)
    {
        var limit = int.TryParse(request.Query["limit"], out var asked) ? asked : 100;
        var from = int.TryParse(request.Query["marker"], out var marker) ? marker : 0;
        var all = _resources.Values.Where(r => (string?)r["type"] == type && (string?)r["state"] != "removed")
            .Where(r => !request.Query.TryGetValue("exitReason", out var reason) || (string?)r["exitReason"] == reason.ToString())
            .Where(r => !request.Query.ContainsKey("endTime_null") || r["endTime"] is null)
            .OrderByDescending(r => (string?)r["id"], StringComparer.Ordinal).ToList();
        var next = from + limit < all.Count ? $"{request.Scheme}://{request.Host}{request.Path}?limit={limit}&marker={from + limit}" : null;
        return Json(new JsonObject { ["type"] = "collection", ["data"] = new JsonArray([.. all.Skip(from).Take(limit).Select(r => r.DeepClone())]), ["pagination"] = new JsonObject { ["partial"] = next is not null, ["next"] = next } });
    }

    private IResult Set(string name, JsonObject body)
    {
        if ((string?)body["value"] == "wrong")
        {
            return Error(422, "InvalidFormat", $"{name} must be auto or a number.", "value");
        }

        var setting = (JsonObject)Find($"1as!{name}")!.DeepClone();
        (setting["value"], setting["source"]) = (body["value"]!.DeepClone(), "Database");
        PutSilently(setting);
        return Json((JsonObject)setting.DeepClone());
    }

    /// <summary>API keys.</summary>
    public FakeKeys Keys { get; }

    /// <summary>The past of every host by span; null is a server that cannot answer.</summary>
    public Func<string?, JsonObject?> Loads { get; set; } = _ => new JsonObject { ["type"] = "collection", ["data"] = new JsonArray() };

    /// <summary>Samples from outside, of every machine.</summary>
    public JsonArray? Usage { get; set; }

    /// <summary>What was asked of machines: the action or <c>update</c>, and its body.</summary>
    public ConcurrentQueue<(string Verb, JsonObject Body)> Orders { get; } = new();

    /// <summary>A sentence that refuses an order; null takes it.</summary>
    public Func<string, string?> RefuseOrder { get; set; } = _ => null;

    private IResult Ask(string id, string verb, JsonObject body)
    {
        if (RefuseOrder(verb) is { } sentence)
        {
            return Error(422, "ActionNotAvailable", sentence);
        }

        Orders.Enqueue((verb, body));
        return Json((JsonObject)Find(id)!.DeepClone(), 202);
    }

    private void MapImages()
    {
        var images = _app.MapGroup("/v2-beta/hostImages");
        images.MapGet("/", () => Json(new JsonObject
        {
            ["type"] = "collection",
            ["createTypes"] = MayAddImages ? new JsonObject { ["hostImage"] = "/" } : new JsonObject(),
            ["data"] = new JsonArray([.. _resources.Values.Where(r => (string?)r["type"] == "hostImage").Select(r => r.DeepClone())]),
        }));
        images.MapPost("/", async (HttpRequest request) => Refuse(await BodyAsync(request)) is { } refusal ? Json(refusal, (int)refusal["status"]!) : Json([], 201));
        images.MapPost("/{name}", (string name, string action) =>
        {
            Acted.Enqueue($"{name} {action}");
            return Json((JsonObject)Find(name)!.DeepClone(), 202);
        });
        images.MapDelete("/{name}", (string name) =>
        {
            Deleted.Enqueue(name);
            Forget(name);
            return Json([]);
        });
    }

    private bool Allowed(HttpRequest request) => SessionsValid && request.Headers.Authorization.ToString() == $"Bearer {Token}";

    internal static IResult List(IEnumerable<JsonObject> resources) =>
        Json(new JsonObject { ["type"] = "collection", ["data"] = new JsonArray([.. resources.Select(r => r.DeepClone())]), ["pagination"] = new JsonObject() });

    private IResult Try(JsonObject trial)
    {
        Trials.Enqueue(trial);
        return Trial is { } answer ? Json((JsonObject)answer.DeepClone()) : Error(503, "Service Unavailable", "no scheduler is connected");
    }

    private async Task<IResult> CreateAsync(HttpRequest request)
    {
        var body = await BodyAsync(request);
        if (Refuse(body) is { } refusal)
        {
            return Json(refusal, (int)refusal["status"]!);
        }

        Created.Enqueue((JsonObject)body.DeepClone());
        var id = $"1ph{Interlocked.Increment(ref _next)}";
        var machine = (JsonObject)body.DeepClone();
        machine["id"] = id;
        machine["type"] = "machine";
        machine["state"] = "creating";
        machine["transitioning"] = "yes";
        machine["created"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        Put(machine);
        return Json((JsonObject)machine.DeepClone(), 201);
    }

    private IResult Delete(string id)
    {
        if (Find(id) is not { } found)
        {
            return Error(404, "Not Found");
        }

        Deleted.Enqueue(id);
        var removing = (JsonObject)found.DeepClone();
        removing["state"] = "removing";
        removing["transitioning"] = "yes";
        Put(removing);
        return Json((JsonObject)removing.DeepClone());
    }

    private IResult Console(string id, long offset)
    {
        if (!Consoles.TryGetValue(id, out var text))
        {
            return Error(404, "Not Found");
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var from = (int)Math.Min(offset, bytes.Length);
        var length = Math.Min(65536, bytes.Length - from);
        return Json(new JsonObject
        {
            ["type"] = "machineConsole", ["offset"] = offset, ["next"] = from + length, ["size"] = bytes.Length, ["text"] = Encoding.UTF8.GetString(bytes, from, length),
        });
    }

    private async Task SubscribeAsync(HttpContext context)
    {
        if (!Allowed(context.Request) || !context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = 401;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var events = Channel.CreateUnbounded<string>();
        _subscribers[events] = "";
        try
        {
            await foreach (var text in events.Reader.ReadAllAsync(context.RequestAborted))
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, context.RequestAborted);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The subscriber has gone.
        }
        finally
        {
            _subscribers.TryRemove(events, out _);
        }
    }
}
