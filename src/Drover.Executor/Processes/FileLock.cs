using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Processes;

/// <summary>A lock between processes on a file (flock(2)): the kernel drops it with its holder, also after <c>kill -9</c>.</summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly SafeFileHandle handle;

    private FileLock(SafeFileHandle handle) => this.handle = handle;

    /// <summary>Opens (and makes) the file without locking it.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    internal static FileLock Open(string path)
    {
        // Not FileStream: it takes locks of its own on the same file.
        var descriptor = LibC.Open(path, LibC.OpenReadWrite | LibC.OpenCreate | LibC.OpenCloseOnExec, 0x1a4 /* 0644 */);
        return descriptor >= 0
            ? new FileLock(new SafeFileHandle(descriptor, ownsHandle: true))
            : throw new IOException($"cannot open the lock '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Takes the lock if nobody holds it against us. A lock that we hold already is changed to the asked kind.</summary>
    internal bool TryTake(bool exclusive) =>
        LibC.Lock((int)handle.DangerousGetHandle(), (exclusive ? LibC.LockExclusive : LibC.LockShared) | LibC.LockNonBlocking) == 0;

    /// <summary>Waits for the lock. <paramref name="waiting"/> is called once if it is not free at once.</summary>
    internal async Task TakeAsync(bool exclusive, TimeProvider time, Action? waiting, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (!TryTake(exclusive))
        {
            cancellationToken.ThrowIfCancellationRequested();
            waiting?.Invoke();
            waiting = null;
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }

    /// <summary>Whether the file is still the one in the folder: where lock files are removed, one may be taken that nobody else finds any more.</summary>
    internal bool IsLinked => new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget is { } target && !target.EndsWith(" (deleted)", StringComparison.Ordinal);

    /// <summary>Gives the lock up, if it is held, and keeps the file open.</summary>
    internal void Release() => _ = LibC.Lock((int)handle.DangerousGetHandle(), LibC.LockUnlock);

    /// <summary>Gives the lock up and closes the file.</summary>
    /// <remarks>Closing alone is not enough: a child that is just being started has a copy of the descriptor until its program is loaded, and the lock
    /// would stay with that copy for a moment.</remarks>
    public void Dispose()
    {
        if (!handle.IsClosed)
        {
            Release();
        }

        handle.Dispose();
    }
}
