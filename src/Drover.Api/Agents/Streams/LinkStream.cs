using System.Buffers.Binary;

namespace Drover.Api.Agents.Streams;

/// <summary>One stream of a link: bytes both ways, each direction with an end of its own. One reader and one writer at a time.</summary>
/// <remarks>
/// <code>
/// opening → open → (ended here | ended there) → closed
///     any but closed → reset
/// </code>
/// A write waits while the other side has no room (its reader is slow) and while the link is busy; other streams go on meanwhile.
/// </remarks>
public sealed class LinkStream : AsyncStream
{
    /// <summary>Bytes that may be under way in each direction of a stream.</summary>
    public const int Window = 256 * 1024;

    private readonly LinkStreams _link;
    private readonly StreamInbox _inbox = new(Window);
    private readonly StreamCredit _credit = new(Window);
    private readonly StreamOutbox _outbox;
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ends;

    internal LinkStream(LinkStreams link, uint number, StreamTarget target)
    {
        _link = link;
        Number = number;
        Target = target;
        _outbox = new StreamOutbox(number);
    }

    public uint Number { get; }

    public StreamTarget Target { get; }

    internal Task Accepted => _accepted.Task;

    /// <summary>Whoever serves the stream has reached its target.</summary>
    public void Accept() => _link.SendSoon(StreamFrame.Write(StreamFrameType.Accept, Number));

    /// <summary>Ends the stream at once, in both directions.</summary>
    public void Reset(StreamFault fault, string reason)
    {
        if (_link.Forget(this))
        {
            // Behind what the stream has said.
            Fail(new StreamResetException(fault, reason), drop: false);
            SendLast(LinkStreams.ResetFrame(Number, fault, reason));
        }
    }

    /// <summary>Nothing more will be written; reading goes on.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Mark(1))
        {
            SendLast(StreamFrame.Write(StreamFrameType.End, Number));
            ForgetWhenEnded();
        }

        return ValueTask.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var (read, open) = await _inbox.ReadAsync(buffer, cancellationToken);
        if (open > 0)
        {
            var room = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(room, open);
            _link.SendSoon(StreamFrame.Write(StreamFrameType.Window, Number, room));
        }

        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if ((Volatile.Read(ref _ends) & 1) != 0)
        {
            throw new InvalidOperationException("The stream's own end was sent already.");
        }

        while (buffer.Length > 0)
        {
            var now = await _credit.TakeAsync(Math.Min(buffer.Length, StreamFrame.MaxData), cancellationToken);
            if (await _outbox.AddAsync(buffer[..now], cancellationToken))
            {
                _link.Says(this);
            }

            buffer = buffer[now..];
        }
    }

    internal void Heard(StreamFrame frame)
    {
        switch (frame.Type)
        {
            case StreamFrameType.Accept:
                _accepted.TrySetResult();
                break;
            case StreamFrameType.Data:
                _inbox.Add(frame.Payload);
                break;
            case StreamFrameType.Window:
                _credit.Add(BinaryPrimitives.ReadUInt32BigEndian(frame.Payload));
                break;
            case StreamFrameType.End:
                Mark(2);
                _inbox.End();
                ForgetWhenEnded();
                break;
            case StreamFrameType.Reset:
                _link.Forget(this);
                Fail(new StreamResetException((StreamFault)frame.Payload[0], Sentence(frame.Payload[1..])), drop: true);
                break;
        }
    }

    internal (byte[]? Frame, bool More) TakeFrame() => _outbox.Take();

    /// <param name="drop">What was written and not sent yet is dropped: nobody reads it.</param>
    internal void Fail(Exception fault, bool drop)
    {
        _accepted.TrySetException(fault);
        _ = _accepted.Task.Exception; // observed, also where nobody waits for it
        _inbox.Fail(fault);
        _credit.Fail(fault);
        _outbox.Fail(fault, drop);
    }

    /// <summary>A stream that is let go before both its ends is reset.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Reset(StreamFault.Cancelled, "Nobody uses it any more.");
        }

        base.Dispose(disposing);
    }

    private void SendLast(byte[] frame)
    {
        if (!_outbox.TryEnd(frame))
        {
            _link.SendSoon(frame);
        }
    }

    private bool Mark(int end) => (Interlocked.Or(ref _ends, end) & end) == 0;

    private void ForgetWhenEnded()
    {
        if (Volatile.Read(ref _ends) == 3)
        {
            _link.Forget(this);
        }
    }

    private static string Sentence(ReadOnlySpan<byte> utf8) => utf8.Length == 0 ? "The other side ended it." : System.Text.Encoding.UTF8.GetString(utf8);
}
