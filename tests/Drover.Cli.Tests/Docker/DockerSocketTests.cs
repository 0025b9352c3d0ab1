using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;
using Drover.Cli.Docker;

namespace Drover.Cli.Tests.Docker;

/// <summary>The socket that leads to a host's Docker, at a server that serves streams.</summary>
public sealed class DockerSocketTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-socket-");
    private readonly HttpClient _http = new();
    private FakeApi _api = null!;
    private HostTunnel _tunnel = null!;
    private DockerSocket _socket = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _tunnel = new HostTunnel(new CattleClient(_http, new Uri(_api.Url, $"/v2-beta/projects/{FakeApi.Project}"), CattleClient.Basic("key", "secret")), "1h1");
        _socket = new DockerSocket(Path.Combine(_folder.FullName, "docker.sock"), _tunnel, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _tunnel.DisposeAsync();
        await _api.DisposeAsync();
        _http.Dispose();
        Assert.Empty(_folder.EnumerateFileSystemInfos());
        _folder.Delete();
    }

    [Fact]
    public async Task Connections_ManyAtOnce_CarryTheirOwnBytes_OverOneWebSocket()
    {
        _api.Serve = EchoAsync;

        await Task.WhenAll(Enumerable.Range(1, 30).Select(async number =>
        {
            var sent = RandomNumberGenerator.GetBytes(number * 20_000);
            Assert.Equal(sent, await AskAsync(sent));
        }));

        Assert.Single(_api.Requests, request => request.EndsWith("/streams", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connection_ThatCannotBeHad_IsAnsweredAsDockerAnswersAnError()
    {
        var answer = Encoding.UTF8.GetString(await AskAsync("GET /_ping HTTP/1.1\r\n\r\n"u8.ToArray()));

        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("""{"message":"The host is not connected at present; its link returns by itself."}""", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WebSocket_ThatBreaks_EndsItsConnections_AndTheNextOpensAnother()
    {
        _api.Serve = EchoAsync;
        using var client = await ConnectAsync();
        await client.SendAsync("x"u8.ToArray(), Token);
        await client.ReceiveAsync(new byte[1], Token);

        var broken = _api.Breaks;
        _api.Breaks = new CancellationTokenSource();
        await broken.CancelAsync();

        Assert.Equal(0, await client.ReceiveAsync(new byte[1], Token));
        Assert.Equal("again"u8.ToArray(), await AskAsync("again"u8.ToArray()));
        Assert.Equal(2, _api.Requests.Count(request => request.EndsWith("/streams", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Idle_IsNothingWhileSomebodyIsConnected()
    {
        _api.Serve = EchoAsync;
        using (var client = await ConnectAsync())
        {
            await client.SendAsync("x"u8.ToArray(), Token);
            await client.ReceiveAsync(new byte[1], Token);
            Assert.Equal(TimeSpan.Zero, _socket.Idle);
        }

        while (_socket.Idle == TimeSpan.Zero)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async Task EchoAsync(LinkStream stream)
    {
        stream.Accept();
        await stream.CopyToAsync(stream, Token);
        await stream.EndAsync(Token);
    }

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_socket.Path), Token);
        return client;
    }

    /// <summary>Says it all, and hears all, to both ends.</summary>
    private async Task<byte[]> AskAsync(byte[] sent)
    {
        using var client = await ConnectAsync();
        var writing = Task.Run(async () =>
        {
            for (var done = 0; done < sent.Length;)
            {
                done += await client.SendAsync(sent.AsMemory(done), Token);
            }

            client.Shutdown(SocketShutdown.Send);
        });
        using var heard = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int read; (read = await client.ReceiveAsync(buffer, Token)) > 0;)
        {
            heard.Write(buffer, 0, read);
        }

        await writing;
        return heard.ToArray();
    }
}
