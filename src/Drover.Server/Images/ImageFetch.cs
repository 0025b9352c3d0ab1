using System.Net;
using System.Net.Http.Headers;
using Drover.Api;

namespace Drover.Server.Images;

/// <summary>Fetches an image's file over HTTP into the shelf, and continues what an earlier run has of it.</summary>
internal sealed class ImageFetch(HttpClient http, ImageShelf shelf, ServerOptions options, TimeProvider time)
{
    /// <summary>Attempts in a row that bring nothing new before giving up.</summary>
    private const int FruitlessAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(60);

    /// <summary>Returns the request with what the source told of the file.</summary>
    /// <exception cref="ImageException">It cannot be had; the message says why.</exception>
    public async Task<ImageRequest> RunAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        for (var fruitless = 0; ;)
        {
            var before = LengthOf(request.Name);
            var (told, fault, again) = await AttemptAsync(request, cancellationToken);
            request = told;
            if (fault is null)
            {
                return request;
            }

            fruitless = LengthOf(request.Name) > before ? 0 : fruitless + 1;
            if (!again || fruitless >= FruitlessAttempts)
            {
                throw new ImageException($"It cannot be fetched from {request.Url}: {fault}.");
            }

            await Task.Delay(FirstPause * Math.Pow(2, fruitless), time, cancellationToken);
        }
    }

    private async Task<(ImageRequest Request, string? Fault, bool Again)> AttemptAsync(ImageRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await using var target = new FileStream(shelf.ContentOf(request.Name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            if (request.TotalBytes is { } whole && target.Length == whole)
            {
                return (request, null, false);
            }

            // Only what is surely of the same version is continued.
            using var message = new HttpRequestMessage(HttpMethod.Get, request.Url);
            if (target.Length > 0 && request.Version is { } version)
            {
                message.Headers.Range = new RangeHeaderValue(target.Length, null);
                message.Headers.TryAddWithoutValidation("If-Range", version);
            }

            using var silence = new CancellationTokenSource(SilenceTime, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                target.SetLength(response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable ? 0 : target.Length);
                return (request, $"the source answered {(int)response.StatusCode} {response.ReasonPhrase}", (int)response.StatusCode is >= 500 or 408 or 416 or 429);
            }

            var from = response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? target.Length : 0;
            request = Note(request, from, response);
            Require(request, from);
            target.SetLength(from);
            target.Seek(from, SeekOrigin.Begin);
            await using var source = await response.Content.ReadAsStreamAsync(either.Token);
            await CopyAsync(source, target, options.MaxImageBytes, () => silence.CancelAfter(SilenceTime), either.Token);
            return target.Length == (request.TotalBytes ?? target.Length) ? (request, null, false) : (request, $"it ended after {target.Length} of {request.TotalBytes} bytes", true);
        }
        catch (HttpRequestException e)
        {
            return (request, e.Message, true);
        }
        catch (IOException e) when (ImageException.IsFull(e))
        {
            throw ImageException.Full(shelf.Root!, e);
        }
        catch (IOException e)
        {
            return (request, e.Message, true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (request, "the source does not answer", true);
        }
    }

    /// <summary>Copies to the end, safe on the disk, and cuts off what was longer before.</summary>
    /// <exception cref="ImageException">It is more than <paramref name="limit"/>.</exception>
    public static async Task CopyAsync(Stream source, FileStream target, long limit, Action heard, CancellationToken cancellationToken)
    {
        var buffer = new byte[128 * 1024];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            heard();
            if (target.Position + read > limit)
            {
                throw TooLarge(limit);
            }

            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        target.SetLength(target.Position);
        target.Flush(flushToDisk: true);
    }

    private ImageRequest Note(ImageRequest request, long from, HttpResponseMessage response)
    {
        var total = response.Content.Headers.ContentRange?.Length ?? (response.Content.Headers.ContentLength is { } rest ? from + rest : null);
        var version = response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null;
        if ((total, version) == (request.TotalBytes, request.Version))
        {
            return request;
        }

        request = request with { TotalBytes = total, Version = version };
        shelf.WriteRequest(request);
        return request;
    }

    private void Require(ImageRequest request, long have)
    {
        if (request.TotalBytes > options.MaxImageBytes)
        {
            throw TooLarge(options.MaxImageBytes);
        }

        ImageException.RequireSpace(shelf.Root!, (request.TotalBytes ?? 0) - have);
    }

    private static ImageException TooLarge(long limit) => new($"It is larger than {new ByteSize(limit).ToDisplayString()}, the most that this server takes.");

    private long LengthOf(string name) => new FileInfo(shelf.ContentOf(name)) is { Exists: true } file ? file.Length : 0;
}
