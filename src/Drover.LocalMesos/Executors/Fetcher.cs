using System.Collections.Concurrent;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace Drover.LocalMesos;

/// <summary>A file of an executor could not be fetched; the message is in the sandbox' <c>stderr</c> too.</summary>
internal sealed class FetchException(string message) : Exception(message);

/// <summary>Puts the files that a command names into a sandbox, one after the other.</summary>
/// <remarks>Cached files are kept by their URI until the agent starts again and are never checked for a newer content: the URI must name the content.</remarks>
internal sealed class Fetcher : IDisposable
{
    private static readonly TimeSpan StallTimeout = TimeSpan.FromMinutes(1);

    private readonly string _cacheDirectory;
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _cache = new(StringComparer.Ordinal);
    private readonly HttpMessageInvoker _direct = new(new SocketsHttpHandler { UseProxy = false });
    private readonly HttpMessageInvoker _proxied = new(new SocketsHttpHandler());
    private int _entries;

    /// <param name="cacheDirectory">Emptied.</param>
    public Fetcher(string cacheDirectory)
    {
        _cacheDirectory = cacheDirectory;
        if (Directory.Exists(cacheDirectory))
        {
            Directory.Delete(cacheDirectory, recursive: true);
        }

        Directory.CreateDirectory(cacheDirectory);
    }

    /// <exception cref="FetchException">One of them failed.</exception>
    public async Task FetchAsync(IEnumerable<CommandInfo.Types.URI> uris, string sandbox, CancellationToken cancellationToken)
    {
        foreach (var uri in uris)
        {
            try
            {
                await FetchAsync(uri, sandbox, cancellationToken);
            }
            catch (Exception e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var message = $"Failed to fetch '{uri.Value}': {e.Message}";
                await File.AppendAllTextAsync(Path.Combine(sandbox, "stderr"), $"{message}\n", CancellationToken.None);
                throw new FetchException(message);
            }
        }
    }

    public void Dispose()
    {
        _direct.Dispose();
        _proxied.Dispose();
    }

    private async Task FetchAsync(CommandInfo.Types.URI uri, string sandbox, CancellationToken cancellationToken)
    {
        var target = Target(uri, sandbox);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (uri.Cache)
        {
            File.Copy(await CachedAsync(uri.Value, cancellationToken), target, overwrite: true);
        }
        else
        {
            await LoadAsync(uri.Value, target, cancellationToken);
        }

        File.SetUnixFileMode(target, uri.Executable ? Mode(0b111_101_101) : Mode(0b110_100_100));
        if (uri.Executable)
        {
            PosixProcess.AwaitStarts();
        }

        if (!uri.Executable && uri.Extract && await ExtractAsync(target, Path.GetDirectoryName(target)!, cancellationToken) && uri.Cache)
        {
            File.Delete(target);
        }
    }

    private static UnixFileMode Mode(int bits) => (UnixFileMode)bits;

    /// <summary>The file's place: its own name with any query, or the name asked for, which may have folders but may not leave the sandbox.</summary>
    private static string Target(CommandInfo.Types.URI uri, string sandbox)
    {
        var name = uri.HasOutputFile ? uri.OutputFile : uri.Value[(uri.Value.LastIndexOf('/') + 1)..];
        var target = Path.GetFullPath(Path.Combine(sandbox, name));
        return name.Length > 0 && target.StartsWith(sandbox + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? target
            : throw new FetchException($"'{name}' is no file name inside the sandbox");
    }

    private async Task<string> CachedAsync(string uri, CancellationToken cancellationToken)
    {
        var entry = _cache.GetOrAdd(uri, key => new Lazy<Task<string>>(async () =>
        {
            // Not tied to the one who asked first: others may wait for the same file.
            var path = Path.Combine(_cacheDirectory, $"{Interlocked.Increment(ref _entries)}");
            await LoadAsync(key, path, CancellationToken.None);
            return path;
        }));
        try
        {
            return await entry.Value.WaitAsync(cancellationToken);
        }
        catch (Exception) when (entry.Value.IsFaulted)
        {
            _cache.TryRemove(new KeyValuePair<string, Lazy<Task<string>>>(uri, entry));
            throw;
        }
    }

    private async Task LoadAsync(string uri, string target, CancellationToken cancellationToken)
    {
        if (uri.StartsWith('/') || uri.StartsWith("file://", StringComparison.Ordinal))
        {
            File.Copy(uri.StartsWith('/') ? uri : new Uri(uri).LocalPath, target, overwrite: true);
            return;
        }

        if (!Uri.TryCreate(uri, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new FetchException("this agent fetches http, https and file addresses only");
        }

        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(StallTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var response = await (address.IsLoopback ? _direct : _proxied).SendAsync(request, stall.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw new FetchException($"the server answered {(int)response.StatusCode}");
            }

            await using var source = await response.Content.ReadAsStreamAsync(stall.Token);
            await using var file = File.Create(target);
            var buffer = new byte[128 * 1024];
            int read;
            while ((read = await source.ReadAsync(buffer, stall.Token)) > 0)
            {
                await file.WriteAsync(buffer.AsMemory(0, read), stall.Token);
                stall.CancelAfter(StallTimeout);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FetchException($"nothing came for {StallTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Unpacks an archive beside itself. False: it is none.</summary>
    private static async Task<bool> ExtractAsync(string archive, string directory, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(archive);
        bool Ends(params ReadOnlySpan<string> extensions)
        {
            foreach (var extension in extensions)
            {
                if (name.EndsWith(extension, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }

        if (Ends(".tar"))
        {
            await TarFile.ExtractToDirectoryAsync(archive, directory, overwriteFiles: true, cancellationToken);
        }
        else if (Ends(".tar.gz", ".tgz"))
        {
            await using var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
            await TarFile.ExtractToDirectoryAsync(packed, directory, overwriteFiles: true, cancellationToken);
        }
        else if (Ends(".tar.bz2", ".tbz2", ".tar.xz", ".txz"))
        {
            using var tar = Process.Start(new ProcessStartInfo("tar", ["-C", directory, "-xf", archive]))!;
            await tar.WaitForExitAsync(cancellationToken);
            if (tar.ExitCode != 0)
            {
                throw new FetchException($"tar ended with status {tar.ExitCode}");
            }
        }
        else if (Ends(".zip"))
        {
            await ZipFile.ExtractToDirectoryAsync(archive, directory, overwriteFiles: true, cancellationToken);
        }
        else if (Ends(".gz"))
        {
            await using var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
            await using var file = File.Create(archive[..^".gz".Length]);
            await packed.CopyToAsync(file, cancellationToken);
        }
        else
        {
            return false;
        }

        return true;
    }
}
