using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Bench.Crowd;

/// <summary>As much of the Docker Engine API as a server looks at by itself (lists and events), for many hosts, each at a socket of its own.</summary>
internal sealed class CrowdDocker : IAsyncDisposable
{
    /// <summary>At a connection: the number of the host whose socket it came to.</summary>
    private static readonly object s_host = new();

    private readonly string _folder;
    private readonly WebApplication _app;
    private readonly JsonObject[][] _containers;
    private readonly Channel<string>?[] _followers;
    private readonly ConcurrentDictionary<int, bool> _listed = new();

    private CrowdDocker(string folder, int hosts, int perHost)
    {
        _folder = folder;
        _containers = [.. Enumerable.Range(0, hosts).Select(host => Enumerable.Range(0, perHost).Select(number => Container(host, number)).ToArray())];
        _followers = new Channel<string>?[hosts];
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            for (var host = 0; host < hosts; host++)
            {
                var number = host;
                kestrel.ListenUnixSocket(SocketOf(host), options => options.Use(next => connection =>
                {
                    connection.Items[s_host] = number;
                    return next(connection);
                }));
            }
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Hosts whose containers were read.</summary>
    public int Listed => _listed.Count;

    public static async Task<CrowdDocker> StartAsync(string folder, int hosts, int perHost, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var docker = new CrowdDocker(folder, hosts, perHost);
        await docker._app.StartAsync(cancellationToken);
        return docker;
    }

    public async Task<Socket> ConnectAsync(int host, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketOf(host)), cancellationToken);
        return socket;
    }

    /// <summary>Stops a container that runs, starts one that does not, and tells of it.</summary>
    public void Toggle(int host, int number)
    {
        var old = _containers[host][number];
        var runs = (string?)old["State"] == "running";
        var changed = old.DeepClone().AsObject();
        (changed["State"], changed["Status"]) = runs ? ("exited", "Exited (0) 1 second ago") : ("running", "Up 1 second");
        _containers[host][number] = changed;
        _followers[host]?.Writer.TryWrite(new JsonObject { ["Type"] = "container", ["Action"] = runs ? "die" : "start", ["Actor"] = new JsonObject { ["ID"] = (string?)old["Id"] } }.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var follower in _followers)
        {
            follower?.Writer.TryComplete();
        }

        await _app.DisposeAsync();
    }

    private static JsonObject Container(int host, int number) => new()
    {
        ["Id"] = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)),
        ["Names"] = new JsonArray($"/{Role(number)}-{host}-{number}"), ["Image"] = $"registry.example.com/shop/{Role(number)}:1.{number}", ["ImageID"] = "sha256:" + new string('a', 64),
        ["Command"] = "/usr/bin/serve --port 80", ["Created"] = 1770000000 + number, ["State"] = number % 10 == 9 ? "exited" : "running", ["Status"] = number % 10 == 9 ? "Exited (1) 3 hours ago" : "Up 2 days",
        ["Labels"] = new JsonObject { ["tier"] = Role(number), ["io.rancher.stack.name"] = "shop" },
        ["Ports"] = new JsonArray(new JsonObject { ["IP"] = "0.0.0.0", ["PrivatePort"] = 80, ["PublicPort"] = 8000 + number, ["Type"] = "tcp" }),
        ["HostConfig"] = new JsonObject { ["NetworkMode"] = "default" },
        ["NetworkSettings"] = new JsonObject { ["Networks"] = new JsonObject { ["bridge"] = new JsonObject { ["IPAddress"] = $"172.17.0.{number + 2}" } } },
    };

    private static string Role(int number) => (number % 4) switch { 0 => "web", 1 => "worker", 2 => "cache", _ => "database" };

    private string SocketOf(int host) => Path.Combine(_folder, $"{host}.sock");

    private async Task AnswerAsync(HttpContext http)
    {
        var host = (int)http.Features.Get<IConnectionItemsFeature>()!.Items[s_host]!;
        var path = http.Request.Path.Value!;
        if (path.EndsWith("/events", StringComparison.Ordinal))
        {
            await TellAsync(http, host);
        }
        else if (path.EndsWith("/containers/json", StringComparison.Ordinal))
        {
            var wanted = http.Request.Query["filters"].FirstOrDefault() is { } given && JsonNode.Parse(given)?["id"] is JsonObject ids ? ids.Select(id => id.Key).ToHashSet(StringComparer.Ordinal) : null;
            http.Response.ContentType = "application/json";
            await JsonSerializer.SerializeAsync(http.Response.Body, _containers[host].Where(container => wanted?.Contains((string)container["Id"]!) != false), cancellationToken: http.RequestAborted);
            _listed[host] = true;
        }
        else
        {
            http.Response.StatusCode = 404;
        }
    }

    private async Task TellAsync(HttpContext http, int host)
    {
        var events = _followers[host] = Channel.CreateUnbounded<string>();
        await http.Response.StartAsync(http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        try
        {
            await foreach (var line in events.Reader.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync(line + "\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The server has gone.
        }
    }
}
