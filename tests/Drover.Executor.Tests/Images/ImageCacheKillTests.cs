using Drover.Api.Machines;
using Drover.Executor.Images;
using Drover.Executor.Processes;

namespace Drover.Executor.Tests.Images;

/// <summary>An executor killed at each step of bringing an image: the next one has it, whole, and nothing half made stays.</summary>
public sealed class ImageCacheKillTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_KilledAtEachStep_TheNextOneBringsTheImage()
    {
        var steps = new List<string>();
        await WalkAsync(steps.Add);
        Assert.Equal(["cache.broken:before", "cache.doomed:after", "cache.file:after", "cache.whole:before", "cache.whole:after"], steps);

        foreach (var step in steps)
        {
            Assert.True(await WalkAsync(reached => { if (reached == step) { throw new KilledException(); } }), $"the walk did not die at {step}");
        }
    }

    /// <summary>The cache has room for one image, holds an old one and a broken copy of the wanted one.</summary>
    /// <returns>Whether the first executor was killed.</returns>
    private static async Task<bool> WalkAsync(Action<string> reached)
    {
        using var folder = new TestFolder();
        using var http = new HttpClient();
        await using var source = await ImageSource.StartAsync();
        var (old, wanted) = (source.Image('a'), source.Image('d'));
        using (await TakeAsync(old, null))
        {
        }

        Directory.CreateDirectory(Place('d'));
        await File.WriteAllBytesAsync(Path.Combine(Place('d'), "disk.qcow2"), new byte[source.Content.Length], Token);

        var killed = false;
        try
        {
            (await TakeAsync(wanted, reached)).Dispose();
        }
        catch (KilledException)
        {
            killed = true;
        }

        using (var lease = await TakeAsync(wanted, null))
        {
            Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
        }

        Assert.Equal([new string('d', 64)], ImageCache.Digests(folder.Path));
        Assert.Equal([Place('d')], Directory.EnumerateDirectories(folder["images"]));
        using var use = FileLock.Open(Place('d') + ".lock");
        Assert.True(use.TryTake(exclusive: true));
        return killed;

        string Place(char digest) => Path.Combine(folder["images"], new string(digest, 64));

        Task<ImageLease> TakeAsync(GuestImage image, Action<string>? hook) =>
            new ImageCache(folder.Path, new ImageDownload(http, TimeProvider.System), TimeProvider.System, source.Content.Length, hook).TakeAsync(image, new Progress<string>(), Token);
    }

    private sealed class KilledException : Exception;
}
