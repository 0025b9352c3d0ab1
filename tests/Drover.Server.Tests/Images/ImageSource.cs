using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Tests.Images;

/// <summary>A web server with one disk image, that can break off in the middle.</summary>
internal sealed class ImageSource : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ImageSource(WebApplication app) => _app = app;

    public byte[] Content { get; set; } = Qcow2(1);

    /// <summary>The mark of the version; null sends none.</summary>
    public string? Tag { get; set; } = "\"v1\"";

    /// <summary>Bytes after which the next answers break off, one per answer.</summary>
    public Queue<int> BreakOff { get; } = new();

    public int Status { get; set; } = 200;

    /// <summary>First byte of each answer.</summary>
    public List<long> Starts { get; } = [];

    public string Url => $"{_app.Urls.First()}/disk.qcow2";

    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Content));

    public static async Task<ImageSource> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var source = new ImageSource(app);
        app.MapGet("/disk.qcow2", source.ServeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return source;
    }

    /// <summary>A qcow2 header with noise behind it: what nobody opens need not be a disk.</summary>
    public static byte[] Qcow2(int seed, int size = 300_000)
    {
        var content = new byte[size];
        new Random(seed).NextBytes(content);
        content.AsSpan(0, 104).Clear();
        "QFI"u8.CopyTo(content);
        (content[3], content[7], content[23]) = (0xfb, 3, 16);
        content[28] = 0x40; // 1 GiB
        content[103] = 104;
        return content;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ServeAsync(HttpContext http)
    {
        if (Status != 200)
        {
            http.Response.StatusCode = Status;
            return;
        }

        var range = http.Request.GetTypedHeaders().Range?.Ranges.First().From ?? 0;
        var from = http.Request.Headers.IfRange == Tag ? range : 0;
        Starts.Add(from);
        if (from > 0)
        {
            http.Response.StatusCode = 206;
            http.Response.Headers.ContentRange = $"bytes {from}-{Content.Length - 1}/{Content.Length}";
        }

        http.Response.Headers.ETag = Tag;
        http.Response.ContentLength = Content.Length - from;
        var until = BreakOff.TryDequeue(out var some) ? Math.Max((int)from, some) : Content.Length;
        await http.Response.Body.WriteAsync(Content.AsMemory((int)from, until - (int)from), http.RequestAborted);
        if (until < Content.Length)
        {
            await http.Response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
        }
    }
}
