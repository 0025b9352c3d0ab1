using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace Drover.Mesos.Tests.Harness;

/// <summary>An HTTP/1.1 server on bare sockets that does what a test says, however wrong.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Exchange, Task> _handle;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _connections;

    public ScriptedServer(Func<Exchange, Task> handle, EndPoint? endPoint = null)
    {
        _handle = handle;
        endPoint ??= new IPEndPoint(IPAddress.Loopback, 0);
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        _listener.Bind(endPoint);
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public Uri Uri => new($"http://{_listener.LocalEndPoint}");

    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                var connection = Interlocked.Increment(ref _connections);
                _ = ServeAsync(socket, connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket, int connection)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        await using var off = _stop.Token.Register(socket.Dispose);
        try
        {
            while (await Exchange.ReadAsync(stream, connection, _stop.Token) is { } exchange)
            {
                await _handle(exchange);
                if (exchange.IsOver)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }
}

/// <summary>One request and its answer.</summary>
internal sealed class Exchange(Stream stream, int connection, string line, Dictionary<string, string> headers, byte[] body, CancellationToken stop)
{
    /// <summary>Which connection it came on, counted from 1.</summary>
    public int Connection => connection;

    public string Line => line;

    public IReadOnlyDictionary<string, string> Headers => headers;

    /// <summary>The connection ends after this exchange.</summary>
    public bool IsOver { get; private set; }

    public T Call<T>(MessageParser<T> parser)
        where T : IMessage<T> => parser.ParseFrom(body);

    public Task AnswerAsync(int status, string reason = "", string headers = "") => WriteAsync(
        $"HTTP/1.1 {status} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(reason)}\r\n{headers}\r\n{reason}");

    public Task BeginStreamAsync(string headers = "") =>
        WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n{headers}\r\n");

    public async Task SendAsync(IMessage message)
    {
        var record = new ArrayBufferWriter<byte>();
        RecordIO.Write(record, message);
        await SendRawAsync(record.WrittenMemory);
    }

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length:x}\r\n"));
        await stream.WriteAsync(bytes, stop);
        await WriteAsync("\r\n");
    }

    /// <summary>A clean end of the stream.</summary>
    public Task EndStreamAsync() => WriteAsync("0\r\n\r\n");

    /// <summary>Breaks the connection.</summary>
    public void Break() => IsOver = true;

    /// <summary>Keeps the stream open until the client or the test goes away.</summary>
    public async Task HoldAsync()
    {
        IsOver = true;
        _ = await stream.ReadAsync(new byte[1], stop);
    }

    public static async Task<Exchange?> ReadAsync(Stream stream, int connection, CancellationToken stop)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !(head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            if (await stream.ReadAsync(one, stop) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(h => h[0], h => h[1], StringComparer.OrdinalIgnoreCase);
        var body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, stop);
        return new Exchange(stream, connection, lines[0], headers, body, stop);
    }

    private async Task WriteAsync(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), stop);
}
