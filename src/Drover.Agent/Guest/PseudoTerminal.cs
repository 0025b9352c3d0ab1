using System.Runtime.InteropServices;

namespace Drover.Agent.Guest;

/// <summary>The near end of a pseudo-terminal (pty(7)). A program gets the far end, by its path.</summary>
/// <remarks>The kernel has no asynchronous reads on it, so a read waits on a thread of its own, and looks now and then whether anybody still wants it: background
/// programs may hold the far end open for ever.</remarks>
internal sealed class PseudoTerminal : IDisposable
{
    private const int LookMilliseconds = 200;
    private readonly int _near;
    private int _closed;

    private PseudoTerminal(int near, string path) => (_near, Path) = (near, path);

    /// <summary>Of the far end.</summary>
    public string Path { get; }

    /// <exception cref="IOException">The kernel gives none.</exception>
    public static PseudoTerminal Open()
    {
        var near = LibC.Open("/dev/ptmx", LibC.ReadWrite | LibC.NoControllingTerminal | LibC.CloseOnExec | LibC.NonBlocking, 0);
        if (near < 0)
        {
            throw new IOException($"No terminal can be opened: {LibC.LastError()}.");
        }

        Span<byte> number = stackalloc byte[4];
        if (LibC.Control(near, LibC.LockTerminal, new byte[4]) < 0 || LibC.Ask(near, LibC.TerminalNumber, number) < 0)
        {
            var error = LibC.LastError();
            _ = LibC.Close(near);
            throw new IOException($"No terminal can be opened: {error}.");
        }

        return new PseudoTerminal(near, $"/dev/pts/{MemoryMarshal.Read<uint>(number)}");
    }

    public void Resize(int width, int height)
    {
        Span<byte> size = stackalloc byte[8]; // struct winsize: rows, columns, and two that nobody uses
        size.Clear();
        MemoryMarshal.Write(size, (ushort)height);
        MemoryMarshal.Write(size[2..], (ushort)width);
        _ = LibC.Control(_near, LibC.SetTerminalSize, size);
    }

    /// <returns>0 once nobody has the far end any more.</returns>
    public Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Read(buffer.Span, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        TryWrite(bytes.Span) is var done && done == bytes.Length
            ? Task.CompletedTask
            : Task.Factory.StartNew(() => Write(bytes[done..].Span, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _ = LibC.Close(_near);
        }
    }

    private int Read(Span<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Wait(LibC.PollIn))
            {
                continue;
            }

            var read = LibC.Read(_near, buffer, (nuint)buffer.Length);
            if (read >= 0)
            {
                return (int)read;
            }

            if (Marshal.GetLastPInvokeError() is not (LibC.TryAgain or LibC.Interrupted))
            {
                return 0; // EIO: the far end is closed
            }
        }
    }

    private void Write(ReadOnlySpan<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Wait(LibC.PollOut))
            {
                bytes = bytes[TryWrite(bytes)..];
            }
        }
    }

    /// <returns>How many bytes it took.</returns>
    private int TryWrite(ReadOnlySpan<byte> bytes)
    {
        var written = LibC.Write(_near, bytes, (nuint)bytes.Length);
        return written >= 0 ? (int)written
            : Marshal.GetLastPInvokeError() is LibC.TryAgain or LibC.Interrupted ? 0
            : throw new IOException("The shell has ended.");
    }

    private bool Wait(short what)
    {
        var poll = new LibC.PollDescriptor { Descriptor = _near, Wanted = what };
        return LibC.Poll(ref poll, 1, LookMilliseconds) > 0;
    }
}
