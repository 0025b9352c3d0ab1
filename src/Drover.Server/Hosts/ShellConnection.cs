using System.Buffers.Binary;
using Drover.Api.Agents.Streams;
using Drover.Server.Containers.Access;

namespace Drover.Server.Hosts;

/// <summary>A shell in a host, over a stream of its link: takes its frames apart and makes them.</summary>
internal sealed class ShellConnection(LinkStream link) : AsyncStream, IExecConnection
{
    private readonly Multiplexed _frames = new(ShellChannel.Highest);
    private readonly byte[] _received = new byte[StreamFrame.MaxData];
    private readonly MemoryStream _shown = new();

    public Stream Bytes => this;

    /// <summary>What the shell ended with; null before it did.</summary>
    public int? ExitCode { get; private set; }

    public Task EndInputAsync(CancellationToken cancellationToken) => link.EndAsync(cancellationToken).AsTask();

    public Task ResizeAsync(int width, int height, CancellationToken cancellationToken) => link.WriteAsync(ShellChannel.WriteSize(width, height), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_shown.Position == _shown.Length)
        {
            var read = await link.ReadAsync(_received, cancellationToken);
            if (read == 0)
            {
                return 0;
            }

            _shown.SetLength(0);
            _frames.Read(_received.AsSpan(0, read), Take);
            _shown.Position = 0;
        }

        return _shown.Read(buffer.Span);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.Length == 0 ? ValueTask.CompletedTask : link.WriteAsync(Multiplexed.Write(ShellChannel.Input, buffer.Span), cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            link.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(byte channel, ReadOnlySpan<byte> bytes)
    {
        if (channel == ShellChannel.Output)
        {
            _shown.Write(bytes);
        }
        else if (channel == ShellChannel.Exit && bytes.Length == 4)
        {
            ExitCode = BinaryPrimitives.ReadInt32BigEndian(bytes);
        }
    }
}
