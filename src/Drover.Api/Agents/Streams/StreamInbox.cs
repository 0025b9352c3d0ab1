namespace Drover.Api.Agents.Streams;

/// <summary>What has come for a stream and was not read yet. It never holds more than the window that was granted, so whoever receives never waits for whoever reads.</summary>
internal sealed class StreamInbox(int window)
{
    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _parts = [];
    private int _begun;
    private int _held;
    private int _unreported;
    private bool _ended;
    private Exception? _fault;
    private TaskCompletionSource? _news;

    /// <exception cref="StreamProtocolException">More than was granted, or after the end.</exception>
    public void Add(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (_fault is not null)
            {
                return;
            }

            if (_ended)
            {
                throw new StreamProtocolException("data after the end of its stream");
            }

            if (_held + _unreported + data.Length > window)
            {
                throw new StreamProtocolException("more data than the window has room for");
            }

            _held += data.Length;
            _parts.Enqueue(data.ToArray());
        }

        Tell();
    }

    /// <summary>The other side sends no more; what is here can still be read.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
        }

        Tell();
    }

    /// <summary>The stream is over: readers fail, what was not read is dropped.</summary>
    public void Fail(Exception fault)
    {
        lock (_gate)
        {
            _fault ??= fault;
            _parts.Clear();
        }

        Tell();
    }

    /// <summary>How many bytes were read, 0 at the end; and, now and then, by how much the other side's window is to be opened.</summary>
    public async ValueTask<(int Read, int Open)> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_fault is not null)
                {
                    throw _fault;
                }

                if (buffer.Length == 0)
                {
                    return (0, 0);
                }

                if (_parts.Count > 0)
                {
                    return Take(buffer.Span);
                }

                if (_ended)
                {
                    return (0, 0);
                }

                news = (_news ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await news.WaitAsync(cancellationToken);
        }
    }

    private (int Read, int Open) Take(Span<byte> buffer)
    {
        var read = 0;
        while (read < buffer.Length && _parts.TryPeek(out var part))
        {
            var now = Math.Min(part.Length - _begun, buffer.Length - read);
            part.Span.Slice(_begun, now).CopyTo(buffer[read..]);
            read += now;
            _begun += now;
            if (_begun == part.Length)
            {
                _parts.Dequeue();
                _begun = 0;
            }
        }

        _held -= read;
        _unreported += read;

        // Half a window at a time: few messages, and the sender is never without room while the reader keeps up.
        var open = _unreported >= window / 2 ? _unreported : 0;
        _unreported -= open;
        return (read, open);
    }

    private void Tell()
    {
        TaskCompletionSource? news;
        lock (_gate)
        {
            (news, _news) = (_news, null);
        }

        news?.TrySetResult();
    }
}
