using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;

namespace Drover.Cli.Docker;

/// <summary>A Unix socket of this user that leads to the Docker Engine of a host: for any program that speaks to Docker.</summary>
/// <remarks>Each connection is a stream of the tunnel. Where none is to be had, the client is answered as Docker answers an error, so that it shows the reason.</remarks>
internal sealed class DockerSocket : IAsyncDisposable
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly HostTunnel _tunnel;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _accepting;
    private int _open;
    private long _used;

    /// <param name="path">Of the socket; its folder is the caller's, and nobody else's to enter.</param>
    public DockerSocket(string path, HostTunnel tunnel, TimeProvider time)
    {
        (Path, _tunnel, _time, _used) = (path, tunnel, time, time.GetTimestamp());
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _listener.Listen(128);
        _accepting = AcceptAsync();
    }

    public string Path { get; }

    /// <summary>The value of <c>DOCKER_HOST</c>.</summary>
    public string Address => $"unix://{Path}";

    /// <summary>For how long nobody has been connected.</summary>
    public TimeSpan Idle => Volatile.Read(ref _open) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Interlocked.Read(ref _used));

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(Path);
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_over.Token);
                Interlocked.Increment(ref _open);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Ended.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await using var bytes = new NetworkStream(client, ownsSocket: true);
        try
        {
            var stream = await _tunnel.OpenAsync(new StreamTarget { Kind = StreamTarget.Docker }, _over.Token);
            await StreamPump.RunAsync(stream, bytes, EndAsync, _time, _over.Token);
        }
        catch (Exception e) when (e is StreamResetException or CattleException)
        {
            await ExplainAsync(bytes, e.Message);
        }
        catch (OperationCanceledException)
        {
            // This program ends.
        }
        finally
        {
            Interlocked.Exchange(ref _used, _time.GetTimestamp());
            Interlocked.Decrement(ref _open);
        }

        ValueTask EndAsync()
        {
            client.Shutdown(SocketShutdown.Send);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>An answer of the Docker Engine API: the client prints "Error response from daemon: …".</summary>
    private static async Task ExplainAsync(NetworkStream client, string why)
    {
        var body = new JsonObject { ["message"] = why }.ToJsonString();
        var answer = $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";
        using var patience = new CancellationTokenSource(s_farewell);
        try
        {
            await client.WriteAsync(Encoding.UTF8.GetBytes(answer), patience.Token);
            client.Socket.Shutdown(SocketShutdown.Send);

            // What it still says is taken: closing with something unread would reset the connection, and the answer with it.
            await client.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It has gone already, or does not go.
        }
    }
}
