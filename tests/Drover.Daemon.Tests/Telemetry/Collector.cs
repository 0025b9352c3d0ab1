using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Daemon.Tests.Telemetry;

/// <summary>Receives what OTLP sends over HTTP, and keeps it as it came.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Path, string Body)> Received { get; } = new();

    public string Address => _app.Urls.First();

    public static async Task<Collector> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new Collector(app);
        app.MapPost("/{**path}", async (HttpRequest request) =>
        {
            // Names are plain text within protobuf.
            using var reader = new StreamReader(request.Body, Encoding.Latin1);
            collector.Received.Enqueue((request.Path, await reader.ReadToEndAsync(request.HttpContext.RequestAborted)));
        });
        await app.StartAsync(cancellationToken);
        return collector;
    }

    public async Task<string> UntilAsync(string path, string word, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            if (Received.FirstOrDefault(r => r.Path == path && r.Body.Contains(word, StringComparison.Ordinal)) is { Body: { } body })
            {
                return body;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"no {word} at {path}; {string.Join(' ', Received.Select(r => $"{r.Path}: {r.Body.Length}"))}");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
