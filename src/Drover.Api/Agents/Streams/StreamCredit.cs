namespace Drover.Api.Agents.Streams;

/// <summary>How many bytes a stream may still send.</summary>
internal sealed class StreamCredit(int window)
{
    private readonly Lock _gate = new();
    private readonly int _window = window;
    private int _left = window;
    private Exception? _fault;
    private TaskCompletionSource? _more;

    /// <summary>Waits until at least one byte may be sent, and takes up to <paramref name="wanted"/>.</summary>
    public async ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_fault is not null)
                {
                    throw _fault;
                }

                if (_left > 0)
                {
                    var taken = Math.Min(wanted, _left);
                    _left -= taken;
                    return taken;
                }

                more = (_more ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    /// <exception cref="StreamProtocolException">More room than the window has.</exception>
    public void Add(uint bytes)
    {
        lock (_gate)
        {
            if (bytes > (uint)(_window - _left))
            {
                throw new StreamProtocolException("a window larger than agreed");
            }

            _left += (int)bytes;
        }

        Tell();
    }

    public void Fail(Exception fault)
    {
        lock (_gate)
        {
            _fault ??= fault;
        }

        Tell();
    }

    private void Tell()
    {
        TaskCompletionSource? more;
        lock (_gate)
        {
            (more, _more) = (_more, null);
        }

        more?.TrySetResult();
    }
}
