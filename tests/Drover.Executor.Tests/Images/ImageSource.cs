using System.Net;
using System.Security.Cryptography;
using Drover.Api.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.Executor.Tests.Images;

/// <summary>Serves one image and misbehaves as told.</summary>
internal sealed class ImageSource : IAsyncDisposable
{
    private readonly WebApplication app;

    private ImageSource(WebApplication app) => this.app = app;

    internal byte[] Content { get; set; } = RandomNumberGenerator.GetBytes(300_000);

    internal List<string> Requests { get; } = [];

    /// <summary>Cuts the connection after so many bytes of each answer.</summary>
    internal int? CutAfter { get; set; }

    internal bool KnowsRanges { get; set; } = true;

    internal int? Status { get; set; }

    /// <summary>What is waited for before the content goes out.</summary>
    internal Task Gate { get; set; } = Task.CompletedTask;

    internal static async Task<ImageSource> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var source = new ImageSource(builder.Build());
        source.app.Run(source.AnswerAsync);
        await source.app.StartAsync(TestContext.Current.CancellationToken);
        return source;
    }

    /// <summary>The image with its one file, as a task names it.</summary>
    internal GuestImage Image(char digest = 'd') => new()
    {
        Name = "drover",
        Digest = new string(digest, 64),
        Files = [new ImageFile { Role = "disk", Name = "disk.qcow2", Sha256 = Convert.ToHexStringLower(SHA256.HashData(Content)), Size = Content.Length, Url = $"{app.Urls.Single()}/disk.qcow2" }],
    };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var range = context.Request.GetTypedHeaders().Range?.Ranges.SingleOrDefault();
        lock (Requests)
        {
            Requests.Add($"{range?.From}-");
        }

        await Gate.WaitAsync(context.RequestAborted);
        if (Status is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        var from = KnowsRanges ? (int)(range?.From ?? 0) : 0;
        if (from > 0)
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{Content.Length - 1}/{Content.Length}";
        }

        context.Response.ContentLength = Content.Length - from;
        var length = Math.Min(CutAfter ?? int.MaxValue, Content.Length - from);
        await context.Response.Body.WriteAsync(Content.AsMemory(from, length), context.RequestAborted);
        if (length < Content.Length - from)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        }
    }
}
