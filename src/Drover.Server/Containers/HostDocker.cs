using System.Net;
using System.Text.Json;
using Docker.DotNet;
using Docker.DotNet.NativeHttp;
using Drover.Api.Agents.Streams;
using Drover.Server.Agents;

namespace Drover.Server.Containers;

/// <summary>The Docker Engine of one host, over streams of its link.</summary>
/// <remarks>Connections are pooled: each is a stream, and costs nothing while it is idle. Where the link is away, a call fails with <see cref="HttpRequestException"/>
/// whose inner exception says why.</remarks>
internal sealed class HostDocker : IDisposable
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(1);

    private readonly HttpClient _http;

    public HostDocker(AgentLinks links, long agentId)
    {
        var target = new StreamTarget { Kind = StreamTarget.Docker };
        void Lead(SocketsHttpHandler handler)
        {
            handler.ConnectCallback = async (_, token) => await links.OpenAsync(agentId, target, token);
            handler.PooledConnectionIdleTimeout = s_idle;
            handler.UseProxy = false;
            handler.UseCookies = false;
        }

        Client = new DockerClientBuilder().WithEndpoint(new Uri("http://docker/")).WithTimeout(Timeout.InfiniteTimeSpan)
            .WithTransportOptions(new NativeHttpTransportOptions { ConfigureHandler = Lead }).Build();
        var own = new SocketsHttpHandler();
        Lead(own);
        _http = new HttpClient(own) { BaseAddress = new Uri("http://docker/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public DockerClient Client { get; }

    /// <summary>Subscribes to the events of containers, and calls back as soon as none can be missed any more; then reads them until the stream ends.</summary>
    /// <remarks>Not by the client library: it does not tell when the subscription stands, and a list taken before it could be old for ever.</remarks>
    public async Task FollowAsync(Func<Task> subscribed, Action<string, string> happened, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync("events?filters=" + Uri.EscapeDataString("""{"type":["container"]}"""), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"Docker answered {(int)answer.StatusCode} to a subscription.");
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(stream);
        await subscribed();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.TryGetProperty("Action", out var action) && json.RootElement.TryGetProperty("Actor", out var actor) && actor.TryGetProperty("ID", out var id))
            {
                happened(action.GetString() ?? "", id.GetString() ?? "");
            }
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
    }
}
