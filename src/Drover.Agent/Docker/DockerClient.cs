using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Agent.Docker;

/// <summary>The few requests to the Docker Engine that the agent makes for itself, over its unix socket.</summary>
internal sealed class DockerClient : IDisposable
{
    public const string DefaultSocket = "/run/docker.sock";

    private static readonly TimeSpan InfoLifetime = TimeSpan.FromMinutes(10);

    /// <summary>For what is only asked; under emulation on a busy computer it takes its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private DockerInfo? _info;
    private long _infoAt;

    public DockerClient(string socket, TimeProvider time)
    {
        _time = time;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(socket, cancellationToken), ownsSocket: true),
            UseProxy = false,
            MaxConnectionsPerServer = 2,
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://docker/"), MaxResponseContentBufferSize = 8 << 20, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Whether <c>GET /_ping</c> is answered with success.</summary>
    public async Task<bool> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await AskAsync("_ping", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (IsNoAnswer(e, cancellationToken))
        {
            return false;
        }
    }

    /// <summary>What <see cref="InfoAsync"/> answered last; after ten minutes it is asked again, and nobody waits for that. Docker starts three programs for each, to ask
    /// their versions: under emulation that takes longer than all else until a copy is a host, and a spare may have waited for days.</summary>
    public async Task<DockerInfo?> KnownInfoAsync(CancellationToken cancellationToken)
    {
        if (_info is not { } known)
        {
            return await InfoAsync(cancellationToken);
        }

        if (_time.GetElapsedTime(_infoAt) > InfoLifetime)
        {
            _infoAt = _time.GetTimestamp();
            _ = InfoAsync(CancellationToken.None);
        }

        return known;
    }

    /// <summary>How many containers run, and how many there are; null when Docker does not answer.</summary>
    public async Task<(int Running, int All)?> CountAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await AskAsync("containers/json?all=1", cancellationToken);
            var list = answer.IsSuccessStatusCode
                ? JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(cancellationToken), DockerJson.Default.IReadOnlyListDockerContainer)
                : null;
            return list is null ? null : (list.Count(container => container.State == "running"), list.Count);
        }
        catch (Exception e) when (IsNoAnswer(e, cancellationToken) || e is JsonException)
        {
            return null;
        }
    }

    /// <summary><c>GET /info</c>; null when Docker does not answer.</summary>
    public async Task<DockerInfo?> InfoAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await AskAsync("info", cancellationToken);
            _info = answer.IsSuccessStatusCode
                ? JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(cancellationToken), DockerJson.Default.DockerInfo)
                : null;
            _infoAt = _time.GetTimestamp();
            return _info;
        }
        catch (Exception e) when (IsNoAnswer(e, cancellationToken) || e is JsonException)
        {
            return null;
        }
    }

    /// <summary>Any other request, for as long as its caller waits. The caller disposes the answer.</summary>
    /// <exception cref="HttpRequestException">Docker does not answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _http.SendAsync(request, cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<HttpResponseMessage> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        return await _http.GetAsync(path, either.Token);
    }

    private static bool IsNoAnswer(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}

/// <summary>The part of <c>/info</c> that the agent reports (Docker Engine API 1.41).</summary>
internal sealed record DockerInfo
{
    /// <summary>The engine's id.</summary>
    [JsonPropertyName("ID")]
    public string? Id { get; init; }

    public string? ServerVersion { get; init; }

    public string? Driver { get; init; }

    public string? DockerRootDir { get; init; }

    public string? OperatingSystem { get; init; }

    public string? KernelVersion { get; init; }
}

/// <summary>The part of a container in <c>/containers/json</c> that the agent counts by.</summary>
internal sealed record DockerContainer
{
    public string? State { get; init; }
}

[JsonSerializable(typeof(DockerInfo))]
[JsonSerializable(typeof(IReadOnlyList<DockerContainer>))]
internal sealed partial class DockerJson : JsonSerializerContext;
