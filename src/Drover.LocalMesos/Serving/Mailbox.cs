using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>The one writer of a master's or an agent's state: work is done one piece after the other, in the order in which it was given.</summary>
/// <remarks>A piece that throws fails alone, except for <see cref="CheckpointException"/>: then the mailbox is dead, as if the process had been
/// killed. Closing it drops what is still waiting.</remarks>
internal sealed partial class Mailbox : IAsyncDisposable
{
    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _running;
    private volatile bool _dead;

    public Mailbox(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _running = RunAsync();
    }

    /// <summary>Completes with the reason when a durable write failed.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Does it later; does nothing once the mailbox is closed.</summary>
    public void Post(Action work) => _work.Writer.TryWrite(new Work(work, null));

    /// <summary>Does it and returns its result.</summary>
    /// <exception cref="ObjectDisposedException">The mailbox is closed.</exception>
    public Task<T> AskAsync<T>(Func<T> work)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Refuse() => answer.TrySetException(new ObjectDisposedException(nameof(Mailbox)));
        void Do()
        {
            try
            {
                answer.TrySetResult(work());
            }
            catch (Exception e)
            {
                answer.TrySetException(e);
                if (e is CheckpointException)
                {
                    throw;
                }
            }
        }

        if (!_work.Writer.TryWrite(new Work(Do, Refuse)))
        {
            Refuse();
        }

        return answer.Task;
    }

    /// <inheritdoc cref="AskAsync{T}"/>
    public Task AskAsync(Action work) => AskAsync(() =>
    {
        work();
        return true;
    });

    /// <summary>Does it after a time, unless the result is disposed before, which only this mailbox' own work may do.</summary>
    public IDisposable After(TimeSpan delay, Action work)
    {
        var alarm = new Alarm();
        alarm.Timer = _time.CreateTimer(_ => Post(() =>
        {
            if (!alarm.Off)
            {
                alarm.Dispose();
                work();
            }
        }), null, delay, Timeout.InfiniteTimeSpan);
        return alarm;
    }

    public async ValueTask DisposeAsync()
    {
        _dead = true;
        _work.Writer.TryComplete();
        await _running;
    }

    private async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync())
        {
            try
            {
                if (_dead)
                {
                    work.Refuse?.Invoke();
                }
                else
                {
                    work.Do();
                }
            }
            catch (CheckpointException e)
            {
                _dead = true;
                LogDead(e);
                _failed.TrySetResult(e);
            }
            catch (Exception e)
            {
                LogFailed(e);
            }
        }
    }

    private readonly record struct Work(Action Do, Action? Refuse);

    private sealed class Alarm : IDisposable
    {
        public ITimer? Timer { get; set; }

        public bool Off { get; private set; }

        public void Dispose()
        {
            Off = true;
            Timer?.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An event was not handled")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Stopped: state can not be stored")]
    private partial void LogDead(Exception error);
}
