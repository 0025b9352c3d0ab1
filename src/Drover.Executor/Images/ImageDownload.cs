using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Images;

/// <summary>Fetches one file over HTTP: continues what is there, verifies, tries again.</summary>
internal sealed class ImageDownload(HttpClient http, TimeProvider time)
{
    /// <summary>Attempts in a row that bring nothing new before giving up.</summary>
    private const int FruitlessAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ProgressPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(30);

    /// <summary>Brings the verified file to <paramref name="path"/>. A part of it that is there already is continued; a whole one costs only its verification.</summary>
    /// <exception cref="MachineException">The source is away or gives something else; the message says what.</exception>
    internal async Task FetchAsync(ImageFile file, string path, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (file.Url is null)
        {
            throw new MachineException($"The task says not where to get the image's file '{file.Name}'.");
        }

        var fruitless = 0;
        var wrongContent = false;
        while (true)
        {
            var before = LengthOf(path);
            var (fault, retry) = await AttemptAsync(file, path, progress, cancellationToken);
            if (fault is null)
            {
                var found = await DigestAsync(path, cancellationToken);
                if (found == file.Sha256)
                {
                    return;
                }

                // Once more from the start: what was continued may have been another version's part.
                File.Delete(path);
                fault = $"its content has the SHA-256 {found} instead of {file.Sha256}";
                retry = !wrongContent;
                wrongContent = true;
            }

            fruitless = LengthOf(path) > before ? 0 : fruitless + 1;
            if (!retry || fruitless >= FruitlessAttempts)
            {
                throw new MachineException($"The image's file '{file.Name}' cannot be fetched from {file.Url}: {fault}.");
            }

            await Task.Delay(FirstPause * Math.Pow(2, fruitless), time, cancellationToken);
        }
    }

    private async Task<(string? Fault, bool Retry)> AttemptAsync(ImageFile file, string path, IProgress<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            await using var target = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            if (target.Length > file.Size)
            {
                target.SetLength(0);
            }

            if (target.Length == file.Size)
            {
                return (null, false);
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, file.Url);
            request.Headers.Range = target.Length > 0 ? new RangeHeaderValue(target.Length, null) : null;
            using var silence = new CancellationTokenSource(SilenceTime, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return Refused(response.StatusCode, target);
            }

            target.Seek(response.StatusCode == HttpStatusCode.PartialContent ? response.Content.Headers.ContentRange?.From ?? target.Length : 0, SeekOrigin.Begin);
            await using var source = await response.Content.ReadAsStreamAsync(either.Token);
            await CopyAsync(source, target, file, progress, () => silence.CancelAfter(SilenceTime), either.Token);
            target.SetLength(target.Position);
            target.Flush(flushToDisk: true);
            return target.Length == file.Size ? (null, false) : ($"it ended after {target.Length} of {file.Size} bytes", true);
        }
        catch (HttpRequestException e)
        {
            return (e.Message, true);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(Path.GetDirectoryName(path)!, $"while fetching the image's file '{file.Name}' of {new ByteSize(file.Size).ToDisplayString()}", e);
        }
        catch (IOException e)
        {
            return (e.Message, true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ("the source does not answer", true);
        }
    }

    private static (string, bool) Refused(HttpStatusCode status, FileStream target)
    {
        if (status == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            target.SetLength(0);
            return ("the source cannot continue", true);
        }

        return (string.Create(CultureInfo.InvariantCulture, $"the source answered {(int)status} {status}"), (int)status >= 500);
    }

    private async Task CopyAsync(Stream source, FileStream target, ImageFile file, IProgress<string> progress, Action heard, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var told = time.GetTimestamp();
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            heard();
            if (target.Position + read > file.Size)
            {
                // More than promised is wrong content; do not fill the disk with it.
                read = (int)Math.Max(0, file.Size - target.Position);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                return;
            }

            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            if (time.GetElapsedTime(told) >= ProgressPause)
            {
                told = time.GetTimestamp();
                progress.Report($"Fetching {file.Name}: {new ByteSize(target.Position).ToDisplayString()} of {new ByteSize(file.Size).ToDisplayString()}.");
            }
        }
    }

    private static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    private static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
