using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Agents.Streams;
using Drover.Cli.Output;

namespace Drover.Cli.Docker;

/// <summary>Files of a container as tar archives (Docker Engine API, <c>/containers/ID/archive</c>), over a host's tunnel.</summary>
internal sealed class DockerArchive : IDisposable
{
    private const long DirectoryBit = 1L << 31; // Go's os.ModeDir, as Docker tells modes
    private readonly HttpClient _http;
    private readonly string _container;

    public DockerArchive(HostTunnel tunnel, string container)
    {
        _container = container;
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, token) => await tunnel.OpenAsync(new StreamTarget { Kind = StreamTarget.Docker }, token) };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://docker/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <returns>Whether the path is a folder; null when it does not exist.</returns>
    public async Task<bool?> IsFolderAsync(string path, CancellationToken token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, Url(path));
        using var answer = await _http.SendAsync(request, token);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await RequireAsync(answer, token);
        var stat = JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(answer.Headers.GetValues("X-Docker-Container-Path-Stat").First())))!.AsObject();
        return ((long?)stat.Number("mode") & DirectoryBit) != 0 || (stat.Text("linkTarget") is { Length: > 0 } target && await IsFolderAsync(target, token) == true);
    }

    /// <summary>The archive of a file or folder; its entries begin with the path's last name.</summary>
    public async Task ReadAsync(string path, Func<Stream, Task> take, CancellationToken token)
    {
        using var answer = await _http.GetAsync(Url(path), HttpCompletionOption.ResponseHeadersRead, token);
        await RequireAsync(answer, token);
        await take(await answer.Content.ReadAsStreamAsync(token));
    }

    /// <summary>Unpacks an archive in a folder that exists.</summary>
    /// <param name="give">Writes the archive.</param>
    public async Task WriteAsync(string folder, Func<Stream, Task> give, CancellationToken token)
    {
        using var content = new WrittenContent(give);
        using var answer = await _http.PutAsync(Url(folder), content, token);
        await RequireAsync(answer, token);
    }

    public void Dispose() => _http.Dispose();

    private string Url(string path) => $"containers/{_container}/archive?path={Uri.EscapeDataString(path)}";

    private static async Task RequireAsync(HttpResponseMessage answer, CancellationToken token)
    {
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(token);
            throw new CliFailure(answer.StatusCode == HttpStatusCode.NotFound ? ExitCode.NotFound : ExitCode.Refused, JsonRow.TryParse(text)?.Text("message") ?? $"Docker answered {(int)answer.StatusCode}.");
        }
    }

    /// <summary>A body that is made while it is sent.</summary>
    private sealed class WrittenContent(Func<Stream, Task> give) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => give(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
