using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>An HTTP/1.1 server on one address whose port is chosen once and kept in a file.</summary>
internal sealed partial class LoopbackServer : IAsyncDisposable
{
    private const int AttemptsOnStoredPort = 10;

    /// <summary>Below the range from which the kernel takes ports of outgoing connections: one of those would hold ours while we are down.</summary>
    private const int FirstPort = 20000, LastPort = 31999;

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private bool _disposed;

    private LoopbackServer(WebApplication app, CancellationTokenSource stopping, IPEndPoint endPoint)
    {
        _app = app;
        _stopping = stopping;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    public Uri Uri => new($"http://{EndPoint}");

    /// <summary>Serves on <paramref name="listen"/>; with port 0 on the port in <paramref name="portFile"/>, else on a free one that is stored there.</summary>
    /// <param name="map">Gets the application, its address, and a token that falls when the server stops, for streams that never end by themselves.
    /// Called again for every port that is tried.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<LoopbackServer> StartAsync(
        IPEndPoint listen, string portFile, ILoggerFactory logging, Action<WebApplication, IPEndPoint, CancellationToken> map, CancellationToken cancellationToken)
    {
        if (listen.Port != 0)
        {
            return await StartOnAsync(listen, logging, map, cancellationToken);
        }

        var stored = File.Exists(portFile) ? int.Parse(await File.ReadAllTextAsync(portFile, cancellationToken), CultureInfo.InvariantCulture) : 0;
        for (var attempt = 0; ; attempt++)
        {
            var again = stored != 0 && attempt < AttemptsOnStoredPort;
            var port = again ? stored : Random.Shared.Next(FirstPort, LastPort + 1);
            try
            {
                var server = await StartOnAsync(new IPEndPoint(listen.Address, port), logging, map, cancellationToken);
                if (port != stored)
                {
                    await File.WriteAllTextAsync(portFile + ".tmp", port.ToString(CultureInfo.InvariantCulture), cancellationToken);
                    File.Move(portFile + ".tmp", portFile, overwrite: true);
                }

                return server;
            }
            catch (IOException) when (again)
            {
                // The process that we replace may be on its last breath.
                await Task.Delay(100, cancellationToken);
                if (attempt == AttemptsOnStoredPort - 1)
                {
                    LogMoved(logging.CreateLogger<LoopbackServer>(), stored);
                }
            }
            catch (IOException) when (attempt < 50)
            {
                // Taken: try another.
            }
        }
    }

    /// <summary>Breaks every connection and frees the port.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _stopping.CancelAsync();
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static async Task<LoopbackServer> StartOnAsync(
        IPEndPoint endPoint, ILoggerFactory logging, Action<WebApplication, IPEndPoint, CancellationToken> map, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logging);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBodySize = 512L * 1024 * 1024;
            kestrel.Limits.MaxConcurrentConnections = null;
            kestrel.Listen(endPoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        var stopping = new CancellationTokenSource();
        try
        {
            app.UseRouting();
            map(app, endPoint, stopping.Token);
            await app.StartAsync(cancellationToken);
            return new LoopbackServer(app, stopping, endPoint);
        }
        catch
        {
            await app.DisposeAsync();
            stopping.Dispose();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Port {Port} of the last run is taken; another is used, and executors that know the old one will not find it")]
    private static partial void LogMoved(ILogger logger, int port);
}
