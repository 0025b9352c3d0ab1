using System.Diagnostics;
using Drover.Api.Machines;
using Drover.Executor.Images;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Images;

public sealed class ImageCacheTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly HttpClient http = new(new SocketsHttpHandler());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_NotYetThere_FetchesOnceAndVerifies()
    {
        await using var source = await ImageSource.StartAsync();
        using (var lease = await TakeAsync(source.Image()))
        {
            Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
        }

        using var again = await TakeAsync(source.Image());
        Assert.Single(source.Requests);
    }

    [Fact]
    public async Task Take_TenExecutorsAtOnce_FetchOnce()
    {
        await using var source = await ImageSource.StartAsync();
        var gate = new TaskCompletionSource();
        source.Gate = gate.Task;
        var said = new List<string>();
        var takes = Enumerable.Range(0, 10).Select(_ => Task.Run(() => TakeAsync(source.Image(), said), Token)).ToArray();
        gate.SetResult();

        foreach (var lease in await Task.WhenAll(takes))
        {
            Assert.True(File.Exists(lease["disk"]));
            lease.Dispose();
        }

        Assert.Single(source.Requests);
    }

    [Fact]
    public async Task Take_BothSawNoImage_TheSlowerOneDoesNotWaitForTheFastersMachine()
    {
        // Many rounds: both must look before either has begun.
        for (var round = 0; round < 20; round++)
        {
            await using var source = await ImageSource.StartAsync();
            var image = source.Image() with { Digest = $"{round:d64}" };
            using var start = new Barrier(2);
            var takes = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                start.SignalAndWait(Token);
                return TakeAsync(image);
            }, Token)).ToArray();

            // Neither lease is given back before both are there.
            foreach (var lease in await Task.WhenAll(takes).WaitAsync(TimeSpan.FromMinutes(1), Token))
            {
                lease.Dispose();
            }
        }
    }

    [Fact]
    public async Task Take_ConnectionCut_ContinuesWhereItStopped()
    {
        await using var source = await ImageSource.StartAsync();
        source.CutAfter = 100_000;

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
        Assert.Equal("-", source.Requests[0]);
        Assert.All(source.Requests[1..], range => Assert.NotEqual("-", range));
    }

    [Fact]
    public async Task Take_SourceWithoutRanges_StartsAgain()
    {
        await using var source = await ImageSource.StartAsync();
        source.KnowsRanges = false;
        await WritePartialAsync(source.Content[..1000]);

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_LeftHalfDoneByADeadExecutor_IsContinued()
    {
        await using var source = await ImageSource.StartAsync();
        await WritePartialAsync(source.Content[..123_456]);

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(["123456-"], source.Requests);
        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_HalfDoneWithOtherContent_IsFetchedAnew()
    {
        await using var source = await ImageSource.StartAsync();
        await WritePartialAsync(new byte[50_000]);

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(["50000-", "-"], source.Requests);
        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_SourceGivesOtherContent_FailsAndKeepsNothingThatLooksWhole()
    {
        await using var source = await ImageSource.StartAsync();
        var image = source.Image();
        source.Content = new byte[source.Content.Length];

        var e = await Assert.ThrowsAsync<MachineException>(() => TakeAsync(image));

        Assert.Contains(image.Files[0].Sha256, e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Place()));
    }

    [Theory]
    [InlineData(404, 1)]
    [InlineData(503, 5)]
    public async Task Take_SourceRefuses_FailsWithItsStatus(int status, int attempts)
    {
        await using var source = await ImageSource.StartAsync();
        source.Status = status;

        var e = await Assert.ThrowsAsync<MachineException>(() => TakeAsync(source.Image()));

        Assert.Contains($"answered {status}", e.Message, StringComparison.Ordinal);
        Assert.Equal(attempts, source.Requests.Count);
    }

    [Fact]
    public async Task Take_LockHolderKilledWhileFetching_GoesOn()
    {
        await using var source = await ImageSource.StartAsync();
        Directory.CreateDirectory(folder["images"]);
        using var holder = Process.Start(new ProcessStartInfo("flock", [Place() + ".lock", "sh", "-c", "echo held; exec sleep 1000"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        await holder.StandardOutput.ReadLineAsync(Token);
        var said = new List<string>();
        var take = TakeAsync(source.Image(), said);
        Assert.False(take.IsCompleted);

        holder.Kill(entireProcessTree: true);
        await holder.WaitForExitAsync(Token);

        using var lease = await take;
        Assert.Contains(said, text => text.Contains("Another machine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Take_CancelledWhileFetching_LeavesThePartForTheNext()
    {
        await using var source = await ImageSource.StartAsync();
        source.Gate = new TaskCompletionSource().Task;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var take = Cache().TakeAsync(source.Image(), new Lines([]), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => take);
        source.Gate = Task.CompletedTask;

        using var lease = await TakeAsync(source.Image());
    }

    [Fact]
    public async Task Take_CachedFileCutShort_IsMadeAnew()
    {
        await using var source = await ImageSource.StartAsync();
        (await TakeAsync(source.Image())).Dispose();
        await File.WriteAllBytesAsync(Path.Combine(Place(), "disk.qcow2"), new byte[7], Token);

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_CachedFileChanged_IsFetchedAnew()
    {
        await using var source = await ImageSource.StartAsync();
        (await TakeAsync(source.Image())).Dispose();
        var disk = Path.Combine(Place(), "disk.qcow2");
        await File.WriteAllBytesAsync(disk, new byte[source.Content.Length], Token);
        File.SetLastWriteTimeUtc(disk, DateTime.UnixEpoch);

        using var lease = await TakeAsync(source.Image());

        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_CachedFileRotten_IsFoundAfterADay()
    {
        await using var source = await ImageSource.StartAsync();
        (await TakeAsync(source.Image())).Dispose();
        var disk = Path.Combine(Place(), "disk.qcow2");
        var changed = File.GetLastWriteTimeUtc(disk);
        await File.WriteAllBytesAsync(disk, new byte[source.Content.Length], Token);
        File.SetLastWriteTimeUtc(disk, changed);

        // Nothing can be seen of it from outside, and it is not read at every start.
        (await TakeAsync(source.Image())).Dispose();
        Assert.Single(source.Requests);

        var proof = await File.ReadAllTextAsync(Place() + ".proof", Token);
        await File.WriteAllTextAsync(Place() + ".proof", $"2020-01-01T00:00:00.0000000+00:00\n{proof[(proof.IndexOf('\n', StringComparison.Ordinal) + 1)..]}", Token);
        using var lease = await TakeAsync(source.Image());

        Assert.Equal(source.Content, await File.ReadAllBytesAsync(lease["disk"], Token));
    }

    [Fact]
    public async Task Take_ChangedWhileAMachineUsesIt_SaysSoAndDoesNotHang()
    {
        await using var source = await ImageSource.StartAsync();
        using var used = await TakeAsync(source.Image());
        await File.WriteAllBytesAsync(Path.Combine(Place(), "disk.qcow2"), new byte[7], Token);

        var e = await Assert.ThrowsAsync<MachineException>(() => TakeAsync(source.Image()));

        Assert.Contains("has changed in this computer's cache", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Digests_NameWhatIsWhole()
    {
        await using var source = await ImageSource.StartAsync();
        (await TakeAsync(source.Image('1'))).Dispose();
        Directory.CreateDirectory(Place('2') + ".partial");

        Assert.Equal([new string('1', 64)], ImageCache.Digests(folder.Path));
        Assert.Empty(ImageCache.Digests(folder["nothing"]));
    }

    [Fact]
    public async Task Take_CacheFull_RemovesTheLeastRecentlyUsedButNoneInUse()
    {
        await using var source = await ImageSource.StartAsync();
        using var used = await TakeAsync(source.Image('1'), capacity: 700_000);
        (await TakeAsync(source.Image('2'), capacity: 700_000)).Dispose();
        Directory.SetLastWriteTimeUtc(Place('1'), DateTime.UnixEpoch);

        using var third = await TakeAsync(source.Image('3'), capacity: 700_000);

        Assert.Equal([true, false, true], "123".Select(digest => Directory.Exists(Place(digest))));
    }

    [Fact]
    public async Task Take_LargerThanTheDisk_SaysWhatIsNeededAndFree()
    {
        await using var source = await ImageSource.StartAsync();
        var image = source.Image();
        image = image with { Files = [image.Files[0] with { Size = 1L << 60 }] };

        var e = await Assert.ThrowsAsync<MachineException>(() => TakeAsync(image));

        Assert.Contains("is full", e.Message, StringComparison.Ordinal);
        Assert.Empty(source.Requests);
    }

    [Fact]
    public async Task Take_StateIsNoFolder_SaysWhich()
    {
        await using var source = await ImageSource.StartAsync();
        await File.WriteAllTextAsync(folder["images"], "in the way", Token);

        var e = await Assert.ThrowsAsync<MachineException>(() => TakeAsync(source.Image()));

        Assert.Contains(folder["images"], e.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        http.Dispose();
        folder.Dispose();
    }

    private string Place(char digest = 'd') => Path.Combine(folder["images"], new string(digest, 64));

    private async Task WritePartialAsync(byte[] content)
    {
        Directory.CreateDirectory(Place() + ".partial");
        await File.WriteAllBytesAsync(Path.Combine(Place() + ".partial", "disk.qcow2"), content, Token);
    }

    private ImageCache Cache(long capacity = 1L << 40) => new(folder.Path, new ImageDownload(http, FastTime.Instance), FastTime.Instance, capacity);

    private Task<ImageLease> TakeAsync(GuestImage image, List<string>? said = null, long capacity = 1L << 40) =>
        Cache(capacity).TakeAsync(image, new Lines(said ?? []), Token);

    private sealed class Lines(List<string> said) : IProgress<string>
    {
        public void Report(string value)
        {
            lock (said)
            {
                said.Add(value);
            }
        }
    }

    /// <summary>Pauses between attempts pass at once; time-outs keep their length.</summary>
    private sealed class FastTime : TimeProvider
    {
        public static FastTime Instance { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime < TimeSpan.FromSeconds(20) && dueTime > TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : dueTime, period);
    }
}
