using System.Net.Sockets;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Docker;

/// <summary>A connection to Docker whose reader sleeps in <c>poll(2)</c> on a thread of its own.</summary>
/// <remarks>A socket that .NET waits for is registered with its event loop for good, and each line that Docker writes wakes that loop, also while nobody wants to read: under emulation that alone made
/// a log four times slower. Here nobody is woken between two reads. A read that is cancelled ends the connection.</remarks>
internal sealed class DockerStream(Socket socket) : AsyncStream
{
    /// <summary>In bytes; the thread only waits.</summary>
    private const int StackSize = 128 * 1024;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private Thread? _waiter;
    private TaskCompletionSource? _readable;
    private volatile bool _over;

    /// <summary>Tells Docker that no more comes; what it says can still be read.</summary>
    public ValueTask EndInputAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            if (socket.Available == 0)
            {
                await WaitAsync(cancellationToken);
            }

            return socket.Receive(buffer.Span);
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (buffer.Length > 0)
            {
                buffer = buffer[await socket.SendAsync(buffer, cancellationToken)..];
            }
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_gate)
            {
                if (_over)
                {
                    return;
                }

                _over = true;
                End();
                if (_waiter is null)
                {
                    Release();
                }
                else
                {
                    _wanted.Release();
                }
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>Waits until there is something to read, or the end.</summary>
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var readable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_over, this);
            _readable = readable;
            if (_waiter is null)
            {
                _waiter = new Thread(Wait, StackSize) { IsBackground = true, Name = "docker" };
                _waiter.Start();
            }

            _wanted.Release();
        }

        await using var cancelled = cancellationToken.Register(End);
        await readable.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Wait()
    {
        while (true)
        {
            _wanted.Wait();
            try
            {
                if (!_over)
                {
                    socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);
                }
            }
            catch (SocketException)
            {
                // The read says what is wrong.
            }

            _readable?.TrySetResult();
            if (_over)
            {
                Release();
                return;
            }
        }
    }

    /// <summary>Wakes whoever waits, with the end.</summary>
    private void End()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Docker was first, or nobody is left.
        }
    }

    private void Release()
    {
        socket.Dispose();
        _wanted.Dispose();
    }
}
