using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.NativeHttp;
using Drover.Api.Agents.Streams;
using Drover.Server.Agents;
using Drover.Server.Containers.Access;

namespace Drover.Server.Containers;

/// <summary>The Docker Engine of one host, over streams of its link.</summary>
/// <remarks>Connections are pooled: each is a stream, and costs nothing while it is idle. Where the link is away, a call fails with <see cref="HttpRequestException"/>
/// whose inner exception says why. What Docker refuses is a <see cref="DockerApiException"/>.</remarks>
internal sealed class HostDocker : IDisposable
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(1);
    private static readonly Uri s_address = new("http://docker/");
    private static readonly StreamTarget s_target = new() { Kind = StreamTarget.Docker };

    private readonly AgentLinks _links;
    private readonly long _agentId;
    private readonly HttpClient _http;

    public HostDocker(AgentLinks links, long agentId)
    {
        (_links, _agentId) = (links, agentId);
        Client = new DockerClientBuilder().WithEndpoint(s_address).WithTimeout(Timeout.InfiniteTimeSpan)
            .WithTransportOptions(new NativeHttpTransportOptions { ConfigureHandler = handler => Lead(handler, null) }).Build();
        var own = new SocketsHttpHandler();
        Lead(own, null);
        _http = new HttpClient(own) { BaseAddress = s_address, Timeout = Timeout.InfiniteTimeSpan };
    }

    public DockerClient Client { get; }

    /// <summary>A stream to something else in the host.</summary>
    /// <exception cref="StreamResetException">It is not to be had; the message says why.</exception>
    public Task<LinkStream> OpenAsync(string kind, CancellationToken cancellationToken) => _links.OpenAsync(_agentId, new StreamTarget { Kind = kind }, cancellationToken);

    /// <summary>What Docker answers to a GET, as it is.</summary>
    public async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await GetAsync(path, cancellationToken);
        return (await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken))!.AsObject();
    }

    /// <summary>An answer that goes on: a log, statistics.</summary>
    public async Task<DockerAnswer> GetStreamAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(path, cancellationToken);
        return new DockerAnswer(answer, await answer.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>Turns a request into bytes both ways (Docker Engine API, "Hijacking"), on a stream of its own.</summary>
    public async Task<DockerConnection> UpgradeAsync(string path, JsonObject? body, CancellationToken cancellationToken)
    {
        LinkStream? link = null;
        var handler = new SocketsHttpHandler();
        Lead(handler, opened => link = opened);
        var http = new HttpClient(handler) { BaseAddress = s_address, Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body?.ToJsonString() ?? "", Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.ParseAdd("tcp");
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (answer.StatusCode != HttpStatusCode.SwitchingProtocols)
            {
                throw await RefusedAsync(answer, cancellationToken);
            }

            return new DockerConnection(http, await answer.Content.ReadAsStreamAsync(cancellationToken), link!);
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>Subscribes to the events of containers, and calls back as soon as none can be missed any more; then reads them until the stream ends.</summary>
    /// <remarks>Not by the client library: it does not tell when the subscription stands, and a list taken before it could be old for ever.</remarks>
    public async Task FollowAsync(Func<Task> subscribed, Action<string, string> happened, CancellationToken cancellationToken)
    {
        using var events = await GetStreamAsync("events?filters=" + Uri.EscapeDataString("""{"type":["container"]}"""), cancellationToken);
        using var reader = new StreamReader(events.Bytes);
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

    private void Lead(SocketsHttpHandler handler, Action<LinkStream>? opened)
    {
        handler.ConnectCallback = async (_, token) =>
        {
            var stream = await _links.OpenAsync(_agentId, s_target, token);
            opened?.Invoke(stream);
            return stream;
        };
        handler.PooledConnectionIdleTimeout = s_idle;
        handler.UseProxy = false;
        handler.UseCookies = false;
    }

    private async Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return answer.StatusCode == HttpStatusCode.OK ? answer : throw await RefusedAsync(answer, cancellationToken);
    }

    private static async Task<DockerApiException> RefusedAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using (answer)
        {
            return new DockerApiException(answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}

/// <summary>An answer of Docker's that is read as it comes.</summary>
internal sealed class DockerAnswer(HttpResponseMessage answer, Stream bytes) : IDisposable
{
    public Stream Bytes => bytes;

    public void Dispose() => answer.Dispose();
}
