using Drover.Api.Agents.Streams;

namespace Drover.Agent.Channel;

/// <summary>The open port as a stream. Disposing it leaves the port open.</summary>
/// <remarks>The kernel has no asynchronous reads on a character device, so each read waits on a thread of its own: messages are few.</remarks>
internal sealed class VirtioPortStream(VirtioPort port) : AsyncStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        await Task.Factory.StartNew(() => port.Read(buffer.Span, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        port.Write(buffer.Span, cancellationToken);
        return ValueTask.CompletedTask;
    }

    public override int Read(byte[] buffer, int offset, int count) => port.Read(buffer.AsSpan(offset, count), CancellationToken.None);

    public override void Write(byte[] buffer, int offset, int count) => port.Write(buffer.AsSpan(offset, count), CancellationToken.None);
}
