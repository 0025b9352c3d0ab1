using System.Diagnostics;
using System.Globalization;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Tests.Processes;

public sealed class FileLockTests
{
    [Fact]
    public void Take_Exclusive_KeepsOthersOutUntilDisposed()
    {
        using var folder = new TestFolder();
        using var second = FileLock.Open(folder["lock"]);
        using (var first = FileLock.Open(folder["lock"]))
        {
            Assert.True(first.TryTake(exclusive: true));
            Assert.False(second.TryTake(exclusive: false));
        }

        Assert.True(second.TryTake(exclusive: true));
    }

    [Fact]
    public async Task Dispose_WhileAChildHasACopyOfTheDescriptor_FreesTheLock()
    {
        // Every child has copies of all descriptors until its program is loaded; this one keeps its copy.
        using var folder = new TestFolder();
        var first = FileLock.Open(folder["lock"]);
        Assert.True(first.TryTake(exclusive: true));
        var descriptor = new DirectoryInfo("/proc/self/fd").EnumerateFiles().Single(fd => fd.LinkTarget == folder["lock"]).Name;
        using var same = new SafeFileHandle(nint.Parse(descriptor, CultureInfo.InvariantCulture), ownsHandle: false);
        using var child = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"], Inherited = [same] });

        first.Dispose();

        using var second = FileLock.Open(folder["lock"]);
        Assert.True(second.TryTake(exclusive: true));
        child.Signal(LibC.SigKill);
        await child.Exited.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Take_Shared_LetsReadersInAndWritersOut()
    {
        using var folder = new TestFolder();
        using var first = FileLock.Open(folder["lock"]);
        using var second = FileLock.Open(folder["lock"]);

        Assert.True(first.TryTake(exclusive: false));
        Assert.True(second.TryTake(exclusive: false));
        Assert.False(second.TryTake(exclusive: true));
    }

    [Fact]
    public async Task Take_HolderKilled_IsFreeAtOnce()
    {
        using var folder = new TestFolder();
        using var holder = Process.Start(new ProcessStartInfo("flock", [folder["lock"], "sh", "-c", "echo held; exec sleep 1000"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        using var mine = FileLock.Open(folder["lock"]);
        Assert.False(mine.TryTake(exclusive: true));

        holder.Kill(entireProcessTree: true);
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);

        await mine.TakeAsync(exclusive: true, TimeProvider.System, null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Take_NotFree_SaysSoOnceAndCanBeCancelled()
    {
        using var folder = new TestFolder();
        using var first = FileLock.Open(folder["lock"]);
        using var second = FileLock.Open(folder["lock"]);
        Assert.True(first.TryTake(exclusive: true));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        var said = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.TakeAsync(exclusive: true, TimeProvider.System, () => said++, cancel.Token));

        Assert.Equal(1, said);
    }
}
