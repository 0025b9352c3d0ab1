using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Agents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Agent.Tests.Fakes;

/// <summary>As much of a Cattle server as an agent meets: registration by a token that is good for one key, and the agents' link.</summary>
internal sealed class FakeCattle : IAsyncDisposable
{
    public const string Token = "T0KEN";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Channel<FakeLink> _links = System.Threading.Channels.Channel.CreateUnbounded<FakeLink>();
    private readonly CancellationTokenSource _stopped = new();

    private FakeCattle(WebApplication app) => _app = app;

    /// <summary>Everything that was asked, as <c>GET /v1/register</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Looks by id until a new agent is active.</summary>
    public int LooksUntilActive { get; set; }

    /// <summary>Answers every request with this status, if set.</summary>
    public int? Broken { get; set; }

    public bool TokenRefused { get; set; }

    public bool KeysRefused { get; set; }

    public bool RegisterHidden { get; set; }

    /// <summary>Takes a link that comes with the token; its welcome brings the keys.</summary>
    public bool LinksRegister { get; set; }

    /// <summary>Refuses to register who has not read the script: a server whose tokens and keys differ.</summary>
    public bool ScriptsNeeded { get; set; }

    public string Scheme { get; set; } = "#!/bin/sh";

    public int Port => new Uri(_app.Urls.First()).Port;

    public string Root => $"http://127.0.0.1:{Port}/v1";

    public string RegistrationUrl => $"{Root}/scripts/{Token}";

    public IReadOnlyCollection<string> Keys => [.. _entries.Keys];

    public static async Task<FakeCattle> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new FakeCattle(app);
        app.UseWebSockets();
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>The next link that an agent opens.</summary>
    public async Task<FakeLink> LinkAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(120));
        return await _links.Reader.ReadAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopped.IsCancellationRequested)
        {
            return;
        }

        await _stopped.CancelAsync();
        await _app.DisposeAsync();
        _stopped.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}");
        if (Broken is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        if (path == $"/v1/{LinkMessage.Path}")
        {
            await LinkAsync(context);
        }
        else if (path == $"/v1/scripts/{Token}" && !TokenRefused)
        {
            await context.Response.WriteAsync(
                $"{Scheme}\nexport CATTLE_REGISTRATION_ACCESS_KEY=\"registrationToken\"\nexport CATTLE_REGISTRATION_SECRET_KEY=\"{Token}\"\n"
                + $"export CATTLE_URL=\"http://{context.Request.Host}/v1\"\nexport DETECTED_CATTLE_AGENT_IP=\"127.0.0.1\"\n");
        }
        else if (TokenRefused || User(context) != $"registrationToken:{Token}")
        {
            await FailAsync(context, 401, "Unauthorized");
        }
        else
        {
            await RegisterAsync(context, path);
        }
    }

    private async Task RegisterAsync(HttpContext context, string path)
    {
        switch (context.Request.Method, path)
        {
            case ("GET", "/v1/schemas"):
                var methods = RegisterHidden ? new JsonArray("GET") : new JsonArray("GET", "POST");
                await ListAsync(context, new JsonObject { ["id"] = "register", ["type"] = "schema", ["collectionMethods"] = methods });
                break;
            case ("GET", "/v1/register"):
                var found = _entries.TryGetValue(context.Request.Query["key"].ToString(), out var entry) ? entry : null;
                await ListAsync(context, found?.Json(withKeys: found.Looks >= LooksUntilActive, LooksUntilActive));
                break;
            case ("POST", "/v1/register") when RegisterHidden || (ScriptsNeeded && !Requests.Contains($"GET /v1/scripts/{Token}")):
                await FailAsync(context, 405, "MethodNotAllowed");
                break;
            case ("POST", "/v1/register"):
                var key = (await JsonNode.ParseAsync(context.Request.Body))!["key"]!.GetValue<string>();
                if (!_entries.IsEmpty && !_entries.ContainsKey(key))
                {
                    await FailAsync(context, 403, "TokenUsed");
                    break;
                }

                var made = _entries.GetOrAdd(key, k => new Entry(k, $"1a{_entries.Count + 1}"));
                context.Response.StatusCode = 201;
                await context.Response.WriteAsync(made.Json(withKeys: false, LooksUntilActive).ToJsonString());
                break;
            case ("GET", _) when path.StartsWith("/v1/register/", StringComparison.Ordinal):
                var byId = _entries.Values.Single(e => e.Id == path["/v1/register/".Length..]);
                byId.Looks++;
                await context.Response.WriteAsync(byId.Json(withKeys: false, LooksUntilActive).ToJsonString());
                break;
            default:
                await FailAsync(context, 404, "NotFound");
                break;
        }
    }

    private async Task LinkAsync(HttpContext context)
    {
        if (LinksRegister && User(context) == $"registrationToken:{Token}")
        {
            using var registering = await context.WebSockets.AcceptWebSocketAsync();
            using var unbound = new FakeLink(registering, User(context)!) { KeysFor = key => _entries.GetOrAdd(key, k => new Entry(k, $"1a{_entries.Count + 1}")) is var made ? (made.AccessKey, made.SecretKey) : default };
            await _links.Writer.WriteAsync(unbound);
            await unbound.Done.WaitAsync(_stopped.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        if (KeysRefused || !_entries.Values.Any(e => User(context) == $"{e.AccessKey}:{e.SecretKey}"))
        {
            await FailAsync(context, 401, "Unauthorized");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var link = new FakeLink(socket, User(context)!);
        await _links.Writer.WriteAsync(link);
        await link.Done.WaitAsync(_stopped.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static string? User(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is ['B', 'a', 's', 'i', 'c', ' ', .. var value] ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : null;

    private static Task ListAsync(HttpContext context, JsonObject? item) =>
        context.Response.WriteAsync(new JsonObject { ["type"] = "collection", ["data"] = item is null ? new JsonArray() : new JsonArray(item) }.ToJsonString());

    private static Task FailAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(new JsonObject { ["type"] = "error", ["status"] = status, ["code"] = code, ["message"] = code }.ToJsonString());
    }

    private sealed record Entry(string Key, string Id)
    {
        public string AccessKey { get; } = $"ACCESS{Id}";

        public string SecretKey { get; } = $"secret{Id}";

        public int Looks { get; set; }

        public JsonObject Json(bool withKeys, int looksUntilActive)
        {
            var active = Looks >= looksUntilActive;
            var json = new JsonObject { ["id"] = Id, ["type"] = "register", ["state"] = active ? "active" : "activating", ["transitioning"] = active ? "no" : "yes" };
            if (withKeys)
            {
                json["key"] = Key;
                json["accessKey"] = AccessKey;
                json["secretKey"] = SecretKey;
            }

            return json;
        }
    }
}
