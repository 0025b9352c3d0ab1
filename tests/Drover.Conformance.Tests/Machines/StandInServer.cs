using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Agents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Conformance.Tests.Machines;

/// <summary>As much of a control plane as one machine needs: image files, registration, and the agent's link.</summary>
internal sealed class StandInServer : IAsyncDisposable
{
    internal const string ConsolePath = "/console";
    internal const string ConsoleSecret = "conformance-console";
    private const string Token = "conformance";
    private const string AccessKey = "ACCESS";
    private const string SecretKey = "secret";
    private readonly CancellationTokenSource stopped = new();
    private readonly WebApplication app;

    private StandInServer(WebApplication app) => this.app = app;

    /// <summary>A folder whose files are at <c>/files/NAME</c>.</summary>
    internal string? Files { get; init; }

    /// <summary>Link messages by type, for who wants to see that the host is really there.</summary>
    internal TaskCompletionSource<HostFacts> Linked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The keys by which agents named themselves at their registration.</summary>
    internal ConcurrentQueue<string> AgentKeys { get; } = new();

    /// <summary>Consoles that were dialled.</summary>
    internal Channel<ConsoleEnd> Consoles { get; } = Channel.CreateUnbounded<ConsoleEnd>();

    internal Uri Root => new(app.Urls.Single());

    internal string RegistrationUrl => $"{Root}v1/scripts/{Token}";

    internal static async Task<StandInServer> StartAsync(string? files, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = new StandInServer(builder.Build()) { Files = files };
        server.app.UseWebSockets();
        server.app.Run(server.AnswerAsync);
        await server.app.StartAsync(cancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await stopped.CancelAsync();
        await app.DisposeAsync();
        stopped.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path.StartsWith("/files/", StringComparison.Ordinal))
        {
            await context.Response.SendFileAsync(Path.Combine(Files!, Path.GetFileName(path)), context.RequestAborted);
        }
        else if (path == ConsolePath)
        {
            await ConsoleAsync(context);
        }
        else if (path == $"/v1/scripts/{Token}")
        {
            await context.Response.WriteAsync(
                $"#!/bin/sh\nexport CATTLE_REGISTRATION_ACCESS_KEY=\"registrationToken\"\nexport CATTLE_REGISTRATION_SECRET_KEY=\"{Token}\"\nexport CATTLE_URL=\"http://{context.Request.Host}/v1\"\n", context.RequestAborted);
        }
        else if (path == $"/v1/{LinkMessage.Path}" && !IsKnown(context))
        {
            context.Response.StatusCode = 401;
        }
        else if (path == $"/v1/{LinkMessage.Path}")
        {
            await LinkAsync(context);
        }
        else
        {
            if (context.Request.Method == "POST" && (string?)(await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))?["key"] is { } key)
            {
                AgentKeys.Enqueue(key);
            }

            var body = path switch
            {
                "/v1/schemas" => List(new JsonObject { ["id"] = "register", ["type"] = "schema", ["collectionMethods"] = new JsonArray("GET", "POST") }),
                "/v1/register" when context.Request.Method == "GET" => List(Registration(context.Request.Query["key"].ToString())),
                _ => Registration("-"),
            };
            await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
        }
    }

    /// <summary>A spare that rehearses its way is nobody.</summary>
    private static bool IsKnown(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is ['B', 'a', 's', 'i', 'c', ' ', .. var value]
        && Encoding.UTF8.GetString(Convert.FromBase64String(value)) is $"registrationToken:{Token}" or $"{AccessKey}:{SecretKey}";

    private static JsonObject List(JsonObject item) => new() { ["type"] = "collection", ["data"] = new JsonArray(item) };

    private static JsonObject Registration(string key) => new()
    {
        ["id"] = "1r1",
        ["type"] = "register",
        ["key"] = key,
        ["state"] = "active",
        ["transitioning"] = "no",
        ["accessKey"] = AccessKey,
        ["secretKey"] = SecretKey,
    };

    private async Task ConsoleAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {ConsoleSecret}")
        {
            context.Response.StatusCode = 401;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var over = new TaskCompletionSource();
        await using var registration = stopped.Token.Register(() => over.TrySetResult());
        await Consoles.Writer.WriteAsync(new ConsoleEnd(socket, over), stopped.Token);
        await over.Task;
    }

    private async Task LinkAsync(HttpContext context)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopped.Token);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[64 * 1024];
        try
        {
            while (!either.IsCancellationRequested)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), either.Token);
                var message = JsonSerializer.Deserialize(buffer.AsSpan(0, part.Count), AgentJson.Default.LinkMessage)!;
                if (message.Type == LinkMessage.Hello)
                {
                    Linked.TrySetResult(message.Host!);
                    var welcome = new LinkMessage { Type = LinkMessage.Welcome, Protocol = LinkMessage.CurrentProtocol, HostId = "1h1", LoadSeconds = 5 };
                    await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(welcome, AgentJson.Default.LinkMessage), System.Net.WebSockets.WebSocketMessageType.Text, endOfMessage: true, either.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or System.Net.WebSockets.WebSocketException or JsonException)
        {
            // The guest is switched off, which is how most of these talks end.
        }
    }
}
