using System.Text;
using System.Threading.Channels;
using Drover.Executor.Machines;

namespace Drover.Executor.Consoles;

/// <summary>A machine's serial port: all that it says goes to the log, and to everyone who holds it; what they type goes in.</summary>
/// <remarks>A serial port has no way to wait: a holder who does not keep up loses what came meanwhile and is told so. The log loses nothing to him.</remarks>
internal sealed class SerialLine(RingLog log, Stream output, Stream? input)
{
    /// <summary>Pieces of at most 4 KiB that wait for one holder.</summary>
    private const int Waiting = 64;

    private const int LinesAtFirst = 24;
    private readonly Lock gate = new();
    private readonly List<Channel<byte[]>> holders = [];
    private bool over;

    /// <summary>Takes everything that the machine says, until its end.</summary>
    internal async Task PumpAsync()
    {
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await output.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                log.Append(buffer.AsSpan(0, read));
                Tell(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The machine is gone.
        }

        lock (gate)
        {
            over = true;
            holders.ForEach(holder => holder.Writer.TryComplete());
        }
    }

    /// <summary>Holds the port from now on, after its last lines.</summary>
    internal IConsole Attach()
    {
        var said = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        lock (gate)
        {
            if (log.Tail(LinesAtFirst) is { Count: > 0 } lines)
            {
                said.Writer.TryWrite(Encoding.UTF8.GetBytes(string.Join("\r\n", lines) + "\r\n"));
            }

            holders.Add(said);
            if (over)
            {
                said.Writer.TryComplete();
            }
        }

        return new Holder(this, said);
    }

    private void Tell(ReadOnlySpan<byte> text)
    {
        lock (gate)
        {
            foreach (var holder in holders)
            {
                if (!holder.Writer.TryWrite(text.ToArray()))
                {
                    while (holder.Reader.TryRead(out _))
                    {
                    }

                    holder.Writer.TryWrite("\r\n[drover] some output was lost: it came faster than it was taken\r\n"u8.ToArray());
                }
            }
        }
    }

    private void Detach(Channel<byte[]> holder)
    {
        lock (gate)
        {
            holders.Remove(holder);
        }
    }

    private sealed class Holder(SerialLine line, Channel<byte[]> said) : IConsole
    {
        private ReadOnlyMemory<byte> rest;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            while (rest.IsEmpty)
            {
                if (!await said.Reader.WaitToReadAsync(cancellationToken))
                {
                    return 0;
                }

                rest = said.Reader.TryRead(out var next) ? next : default;
            }

            var count = Math.Min(buffer.Length, rest.Length);
            rest[..count].CopyTo(buffer);
            rest = rest[count..];
            return count;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
            line.Input?.WriteAsync(bytes, cancellationToken) ?? ValueTask.CompletedTask;

        public ValueTask DisposeAsync()
        {
            line.Detach(said);
            return ValueTask.CompletedTask;
        }
    }

    private Stream? Input => input;
}
