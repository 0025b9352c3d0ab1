using System.Buffers;

namespace Drover.Api.Agents.Streams;

/// <summary>What a stream has said and the link has yet to send, and how it ends after that.</summary>
/// <remarks>Small writes that come while the link is busy leave in one frame: a guest that writes a log line by line would otherwise cost a message for each.</remarks>
internal sealed class StreamOutbox(uint number)
{
    private const int Room = 2 * StreamFrame.MaxData;

    private readonly Lock _gate = new();
    private byte[]? _bytes;
    private int _begun;
    private int _held;
    private byte[]? _last;
    private bool _queued;
    private Exception? _fault;
    private TaskCompletionSource? _taken;

    /// <summary>Waits for room, and puts <paramref name="data"/> in, at most <see cref="StreamFrame.MaxData"/>.</summary>
    /// <returns>The link is to be told that there is something to send.</returns>
    public async ValueTask<bool> AddAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task taken;
            lock (_gate)
            {
                if (_fault is not null)
                {
                    throw _fault;
                }

                if (_held + data.Length <= Room)
                {
                    Append(data.Span);
                    return Queue();
                }

                taken = (_taken ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await taken.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Leaves a frame to be sent behind everything said before; the second takes the place of the first.</summary>
    /// <returns>False when nothing is before it: then it is the caller's to send.</returns>
    public bool TryEnd(byte[] frame)
    {
        lock (_gate)
        {
            if (_held == 0)
            {
                return false;
            }

            _last = frame;
            return true;
        }
    }

    /// <summary>The next frame to send, and whether there is another. None when what was said has been dropped.</summary>
    public (byte[]? Frame, bool More) Take()
    {
        byte[]? frame;
        TaskCompletionSource? taken;
        bool more;
        lock (_gate)
        {
            frame = _held > 0 ? Cut() : Interlocked.Exchange(ref _last, null);
            more = _queued = _held > 0 || _last is not null;
            (taken, _taken) = (_taken, null);
        }

        taken?.TrySetResult();
        return (frame, more);
    }

    /// <summary>Nothing more can be said.</summary>
    /// <param name="drop">What was said is of no use to anybody either.</param>
    public void Fail(Exception fault, bool drop)
    {
        TaskCompletionSource? taken;
        lock (_gate)
        {
            _fault ??= fault;
            if (drop)
            {
                (_held, _last) = (0, null);
                Release();
            }

            (taken, _taken) = (_taken, null);
        }

        taken?.TrySetResult();
    }

    private bool Queue()
    {
        var first = !_queued;
        _queued = true;
        return first;
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        _bytes ??= ArrayPool<byte>.Shared.Rent(Room);
        if (_begun + _held + data.Length > Room)
        {
            _bytes.AsSpan(_begun, _held).CopyTo(_bytes);
            _begun = 0;
        }

        data.CopyTo(_bytes.AsSpan(_begun + _held));
        _held += data.Length;
    }

    private byte[] Cut()
    {
        var length = Math.Min(_held, StreamFrame.MaxData);
        var frame = StreamFrame.Write(StreamFrameType.Data, number, _bytes.AsSpan(_begun, length));
        (_begun, _held) = (_begun + length, _held - length);
        if (_held == 0)
        {
            Release();
        }

        return frame;
    }

    /// <summary>Streams are silent for most of their life, and hold nothing then.</summary>
    private void Release()
    {
        if (_bytes is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        (_bytes, _begun) = (null, 0);
    }
}
