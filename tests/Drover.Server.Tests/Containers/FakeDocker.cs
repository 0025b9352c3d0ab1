using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Agents.Streams;
using Drover.Server.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Tests.Containers;

/// <summary>As much of the Docker Engine API as the server needs, with containers by the test's orders and by the server's.</summary>
internal sealed partial class FakeDocker : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, JsonObject> _containers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Channel<string>, bool> _followers = new();

    private FakeDocker(WebApplication app) => _app = app;

    /// <summary>Requests that change something: <c>POST /containers/ID/stop</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Docker's refusal of the next such request.</summary>
    public string? Refusal { get; set; }

    public int Lists { get; private set; }

    /// <summary>Requests whose path ends so wait, after they were done, until it is null: as if the answer were lost.</summary>
    public string? HoldAnswersOf { get; set; }

    public IReadOnlyCollection<JsonObject> Containers => [.. _containers.Values];

    public static async Task<FakeDocker> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var docker = new FakeDocker(builder.Build());
        docker._app.Run(docker.AnswerAsync);
        await docker._app.StartAsync(TestServer.Token);
        return docker;
    }

    /// <summary>Serves a stream of a link as the agent does: by a connection to Docker's socket.</summary>
    public async Task ServeAsync(LinkStream stream)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port, TestServer.Token);
        stream.Accept();
        var first = new byte[16 * 1024];
        var length = await stream.ReadAsync(first, TestServer.Token);
        var head = System.Text.Encoding.ASCII.GetString(first, 0, length);
        if (head.StartsWith("POST", StringComparison.Ordinal) && head.Contains("Upgrade: tcp", StringComparison.Ordinal))
        {
            while (!head.EndsWith('}'))
            {
                head += System.Text.Encoding.ASCII.GetString(first, 0, await stream.ReadAsync(first, TestServer.Token));
            }

            socket.Dispose();
            await ExecAsync(stream, head.Contains("\"Tty\":true", StringComparison.Ordinal));
            return;
        }

        await socket.SendAsync(first.AsMemory(0, length), SocketFlags.None, TestServer.Token);
        await StreamPump.RunAsync(stream, new NetworkStream(socket, ownsSocket: true), () => { socket.Shutdown(SocketShutdown.Send); return ValueTask.CompletedTask; }, TimeProvider.System, TestServer.Token);
    }

    public string Add(string name, string state, bool tell = true)
    {
        var id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        _containers[id] = new JsonObject
        {
            ["Id"] = id, ["Names"] = new JsonArray($"/{name}"), ["Image"] = "bb:1", ["Command"] = "sleep 1000", ["Created"] = 1770000000, ["State"] = state, ["Status"] = "Up 2 minutes",
            ["Labels"] = new JsonObject { ["tier"] = "web" },
            ["Ports"] = new JsonArray(new JsonObject { ["IP"] = "0.0.0.0", ["PrivatePort"] = 80, ["PublicPort"] = 8080, ["Type"] = "tcp" }),
            ["NetworkSettings"] = new JsonObject { ["Networks"] = new JsonObject { ["bridge"] = new JsonObject { ["IPAddress"] = "172.17.0.2" } } },
        };
        if (tell)
        {
            Tell("create", id);
        }

        return id;
    }

    /// <summary>Tells of an end that its own list does not show yet, as Docker does.</summary>
    public Action EndBehindTheEvent(string id)
    {
        Tell("die", id);
        return () => Put(id, "exited");
    }

    public void Move(string id, string state, string action)
    {
        Put(id, state);
        Tell(action, id);
    }

    private void Put(string id, string state)
    {
        var changed = (JsonObject)_containers[id].DeepClone();
        changed["State"] = state;
        _containers[id] = changed;
    }

    public void Remove(string id, bool tell = true)
    {
        _containers.TryRemove(id, out _);
        if (tell)
        {
            Tell("destroy", id);
        }
    }

    /// <summary>Ends all subscriptions, as a Docker that is started again.</summary>
    public void BreakEvents()
    {
        foreach (var follower in _followers.Keys)
        {
            follower.Writer.TryComplete();
        }
    }

    public ValueTask DisposeAsync()
    {
        BreakEvents();
        return _app.DisposeAsync();
    }

    private void Tell(string action, string id)
    {
        foreach (var follower in _followers.Keys)
        {
            follower.Writer.TryWrite(new JsonObject { ["Type"] = "container", ["Action"] = action, ["Actor"] = new JsonObject { ["ID"] = id } }.ToJsonString());
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path.EndsWith("/events", StringComparison.Ordinal))
        {
            var events = Channel.CreateUnbounded<string>();
            _followers[events] = true;
            await http.Response.StartAsync(TestServer.Token);
            await http.Response.Body.FlushAsync(TestServer.Token);
            await foreach (var line in events.Reader.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync(line + "\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            _followers.TryRemove(events, out _);
            return;
        }

        if (path.EndsWith("/containers/json", StringComparison.Ordinal))
        {
            Lists++;
            var filters = http.Request.Query["filters"].FirstOrDefault() is { } given ? JsonNode.Parse(given) : null;
            var wanted = (filters?["id"] as JsonObject)?.Select(i => i.Key).ToHashSet(StringComparer.Ordinal);
            var label = (filters?["label"] as JsonObject)?.Select(l => l.Key).FirstOrDefault();
            await http.Response.WriteAsJsonAsync(new JsonArray([.. _containers.Where(c => wanted?.Contains(c.Key) != false && (label is null || HasLabel(c.Value, label))).Select(c => c.Value.DeepClone())]), TestServer.Token);
            return;
        }

        if (await AnswerStreamAsync(http, path))
        {
            return;
        }

        Asked.Enqueue($"{http.Request.Method} {path}");
        if (Refusal is { } refusal)
        {
            http.Response.StatusCode = 409;
            await http.Response.WriteAsJsonAsync(new JsonObject { ["message"] = refusal }, TestServer.Token);
            return;
        }

        if (!await AnswerMakingAsync(http, path))
        {
            http.Response.StatusCode = 204;
        }
    }
}
