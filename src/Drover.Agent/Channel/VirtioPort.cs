using System.Runtime.InteropServices;
using Drover.Agent.Guest;

namespace Drover.Agent.Channel;

/// <summary>A virtio-serial port.</summary>
/// <remarks>
/// The port can be opened once at a time, so it stays open while the executor comes and goes. While the executor's side is closed, a poll
/// reports a hang-up, reads give end of file and writes vanish (Linux, drivers/char/virtio_console.c).
/// </remarks>
internal sealed class VirtioPort(string path, TimeProvider time, AgentLog log) : IGuestPort
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);
    private int _descriptor = -1;

    public async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        while (!TryOpenDevice() || (Events(LibC.PollOut, 0) & LibC.PollHangUp) != 0)
        {
            await Task.Delay(Retry, time, cancellationToken);
        }

        return new VirtioPortStream(this);
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = LibC.Close(_descriptor);
            _descriptor = -1;
        }
    }

    /// <summary>Blocks the calling thread until there is something to read, and reads it; 0 at the end of file.</summary>
    internal int Read(Span<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = LibC.Read(_descriptor, buffer, (nuint)buffer.Length);
            if (count >= 0)
            {
                return (int)count;
            }

            ThrowUnlessPassing("read from");
            Events(LibC.PollIn, 500);
        }
    }

    internal void Write(ReadOnlySpan<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = LibC.Write(_descriptor, data, (nuint)data.Length);
            if (count >= 0)
            {
                data = data[(int)count..];
                continue;
            }

            ThrowUnlessPassing("write to");
            Events(LibC.PollOut, 500);
        }
    }

    private bool TryOpenDevice()
    {
        if (_descriptor >= 0)
        {
            return true;
        }

        _descriptor = LibC.Open(path, LibC.ReadWrite | LibC.NonBlocking | LibC.CloseOnExec, 0);
        if (_descriptor < 0)
        {
            log.Say($"cannot open {path}: {LibC.LastError()}; trying again");
        }

        return _descriptor >= 0;
    }

    private short Events(short wanted, int milliseconds)
    {
        var poll = new LibC.PollDescriptor { Descriptor = _descriptor, Wanted = wanted };
        return LibC.Poll(ref poll, 1, milliseconds) > 0 ? poll.Found : (short)0;
    }

    private void ThrowUnlessPassing(string doing)
    {
        if (Marshal.GetLastPInvokeError() is not (LibC.TryAgain or LibC.Interrupted))
        {
            var text = LibC.LastError();
            Dispose();
            throw new IOException($"Could not {doing} {path}: {text}");
        }
    }
}
