using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;

namespace Drover.Mesos;

/// <summary>One kind of connection to a master or agent: HTTP/1.1 exactly, protobuf exactly, no proxy, no redirects, no hidden time-out.</summary>
internal sealed class MesosHttp : IDisposable
{
    /// <summary>Compared as raw text by Mesos: with a charset it is refused.</summary>
    public const string Protobuf = "application/x-protobuf";

    public const string StreamIdHeader = "Mesos-Stream-Id";

    private readonly HttpMessageInvoker _http;
    private readonly MesosAuthorization? _authorization;

    private MesosHttp(SocketsHttpHandler handler, MesosAuthorization? authorization)
    {
        _http = new HttpMessageInvoker(handler);
        _authorization = authorization;
    }

    /// <summary>For a stream that stays open for weeks: TCP keep-alive tells of a dead peer.</summary>
    public static MesosHttp ForStream(MesosAuthorization? authorization, string? domainSocket = null)
    {
        var handler = Handler();
        handler.PooledConnectionLifetime = TimeSpan.Zero;
        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, domainSocket, cancellationToken);
        return new MesosHttp(handler, authorization);
    }

    /// <summary>For calls: one connection, so that they arrive in the order in which they were sent.</summary>
    public static MesosHttp ForCalls(MesosAuthorization? authorization, string? domainSocket = null)
    {
        var handler = Handler();
        handler.MaxConnectionsPerServer = 1;
        handler.AutomaticDecompression = DecompressionMethods.GZip;
        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, domainSocket, cancellationToken);
        return new MesosHttp(handler, authorization);
    }

    /// <summary>For questions whose order does not matter.</summary>
    public static MesosHttp ForOperator(MesosAuthorization? authorization)
    {
        var handler = Handler();
        handler.AutomaticDecompression = DecompressionMethods.GZip;
        return new MesosHttp(handler, authorization);
    }

    /// <summary>Posts a call and returns when the answer's headers are there.</summary>
    public async Task<HttpResponseMessage> PostAsync(Uri uri, IMessage call, string? streamId, CancellationToken cancellationToken, string streamIdHeader = StreamIdHeader)
    {
        var body = call.ToByteArray();
        var response = await SendAsync(refused: false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || _authorization is null)
        {
            return response;
        }

        response.Dispose();
        return await SendAsync(refused: true);

        async Task<HttpResponseMessage> SendAsync(bool refused)
        {
            using var request = Request(HttpMethod.Post, uri);
            request.Headers.TryAddWithoutValidation("Accept", Protobuf);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(Protobuf);
            if (streamId is not null)
            {
                request.Headers.TryAddWithoutValidation(streamIdHeader, streamId);
            }

            if (_authorization is not null)
            {
                request.Headers.Authorization = await _authorization(refused, cancellationToken);
            }

            return await _http.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>The plain text that Mesos puts into refusals, shortened.</summary>
    public static async Task<string> ReadReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
        return text.Length > 500 ? string.Concat(text.AsSpan(0, 500), "…") : text;
    }

    /// <summary>Where a 307 points. Mesos sends scheme-relative locations (<c>//host:port/path</c>).</summary>
    public static Uri? Redirect(Uri request, HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.TemporaryRedirect && response.Headers.Location is { } location
            ? new Uri(new Uri(request, location).GetLeftPart(UriPartial.Authority))
            : null;

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Request(HttpMethod method, Uri uri) => new(method, uri)
    {
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        ActivityHeadersPropagator = null,
    };

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, string? domainSocket, CancellationToken cancellationToken)
    {
        if (domainSocket is not null && File.Exists(domainSocket))
        {
            var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await local.ConnectAsync(new UnixDomainSocketEndPoint(domainSocket), cancellationToken);
                return new NetworkStream(local, ownsSocket: true);
            }
            catch (SocketException)
            {
                // The agent may have been restarted without its socket: TCP still works.
                local.Dispose();
            }
            catch
            {
                local.Dispose();
                throw;
            }
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
