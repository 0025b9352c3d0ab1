using System.Net;
using System.Threading.Channels;
using Drover.Mesos.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SchedulerCall = Drover.Mesos.V1.Scheduler.Call;
using SchedulerEvent = Drover.Mesos.V1.Scheduler.Event;

namespace Drover.Mesos;

/// <summary>A framework's life-long connection to whichever master leads.</summary>
/// <remarks>
/// <code>
/// detecting ─▶ subscribing ─▶ subscribed ─▶ (end of stream | five silent heartbeats | a call refused) ─▶ waiting ─▶ detecting
///      ▲            │ 307: at once, to the leader         └▶ ERROR failed over / removed: stopped
///      └── waiting ◀┘ 503, 404: the same master; else the next one
/// </code>
/// Two connections per session, as Mesos' own libraries: the stream, and one on which calls follow each other in order.
/// It waits between attempts (doubling, with jitter) and never gives up by itself. Offers, tasks and the framework id are the scheduler's business.
/// </remarks>
public sealed partial class SchedulerConnection : IAsyncDisposable
{
    private const int MaxRedirects = 5;

    private readonly SchedulerConnectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<SchedulerSignal> _signals;
    private readonly Channel<QueuedCall> _calls;
    private readonly CancellationTokenSource _stop = new();
    private volatile SchedulerSession? _session;
    private FrameworkID? _frameworkId;
    private Task _running = Task.CompletedTask;
    private bool _disposed;

    public SchedulerConnection(SchedulerConnectionOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _signals = Channel.CreateBounded<SchedulerSignal>(new BoundedChannelOptions(options.SignalBuffer) { SingleReader = true, SingleWriter = true });
        _calls = Channel.CreateBounded<QueuedCall>(new BoundedChannelOptions(4096) { SingleReader = true });
    }

    /// <summary>Everything that happens, in order, for one reader. Completed after <see cref="SchedulerSignal.Stopped"/> and by disposing.
    /// Read it steadily: when it is full, reading from the master stops.</summary>
    public ChannelReader<SchedulerSignal> Signals => _signals.Reader;

    /// <summary>Starts to connect; call once.</summary>
    public void Start() => _running = Task.WhenAll(RunAsync(_stop.Token), SendCallsAsync(_stop.Token));

    /// <summary>Sends a call after all calls before it, and waits for the master's answer. A missing framework id is filled in.</summary>
    /// <returns>True when the master took the call, which is no proof of its effect. False when there is no session, or it ended
    /// meanwhile: the call may or may not have been carried out, so reconcile after the next <see cref="SchedulerSignal.Subscribed"/>.</returns>
    /// <exception cref="MesosException">The call itself is wrong (400).</exception>
    /// <exception cref="ArgumentException">The call has no type, or lacks required fields: it is not sent.</exception>
    public async Task<bool> SendAsync(SchedulerCall call, CancellationToken cancellationToken)
    {
        if (_session is not { FrameworkId: { } id } session)
        {
            return false;
        }

        call.FrameworkId ??= id;
        if (call.Type is SchedulerCall.Types.Type.Unknown or SchedulerCall.Types.Type.Subscribe || !call.IsInitialized())
        {
            throw new ArgumentException($"A {call.Type} call with missing or unsuitable fields is not sent.", nameof(call));
        }

        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _calls.Writer.WriteAsync(new QueuedCall(session, call, done), cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        return await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Closes the stream without tearing the framework down; its failover time starts to run.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(_options.MinBackoff, _options.MaxBackoff);
        Uri? last = null;
        var redirects = 0;
        using var streams = MesosHttp.ForStream(_options.Authorization);
        LogStarted();
        try
        {
            while (true)
            {
                var outcome = await AttemptAsync(streams, last, backoff, cancellationToken);
                last = outcome.Master ?? last;
                if (outcome.Stopped is not null)
                {
                    await _signals.Writer.WriteAsync(outcome.Stopped, cancellationToken);
                    return;
                }

                if (outcome.Redirected && ++redirects <= MaxRedirects)
                {
                    continue;
                }

                redirects = 0;
                await _signals.Writer.WriteAsync(new SchedulerSignal.Disconnected(outcome.Reason, outcome.WasSubscribed), cancellationToken);
                var delay = backoff.Next();
                LogDisconnected(outcome.Reason, backoff.Attempts, (long)delay.TotalMilliseconds);
                await Task.Delay(delay, _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            _calls.Writer.TryComplete();
            _signals.Writer.TryComplete();
            LogStopped();
        }
    }

    /// <summary>One attempt with one master, from detection to the end of its session.</summary>
    private async Task<Outcome> AttemptAsync(MesosHttp streams, Uri? last, Backoff backoff, CancellationToken cancellationToken)
    {
        Uri? master = null;
        try
        {
            master = await _options.Detector.DetectAsync(cancellationToken);
            if (last is not null && last != master)
            {
                await Task.Delay(_options.NewLeaderJitter * Random.Shared.NextDouble(), _time, cancellationToken);
            }

            var (session, refusal) = await SchedulerSession.OpenAsync(master, streams, _options, _frameworkId, _time, cancellationToken);
            if (refusal is not null)
            {
                return Refused(master, refusal);
            }

            using (session)
            {
                return await ReadSessionAsync(master, session!, backoff, cancellationToken);
            }
        }
        catch (Exception e)
        {
            // A stream that broke just when the connection was being closed is no failure of the connection.
            cancellationToken.ThrowIfCancellationRequested();
            var wasSubscribed = _session is not null;
            if (master is not null && !wasSubscribed)
            {
                _options.Detector.Reject(master);
            }

            return new Outcome(master, $"{master?.Authority ?? "master"}: {e.Message}") { WasSubscribed = wasSubscribed };
        }
        finally
        {
            _session = null;
        }
    }

    private Outcome Refused(Uri master, SubscribeRefusal refusal)
    {
        if (refusal.Leader is { } leader)
        {
            _options.Detector.Confirm(leader);
            return new Outcome(master, refusal.Reason) { Redirected = leader != master };
        }

        // A master that starts or elects says so; any other answer may be another's business.
        if (refusal.Status is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.NotFound))
        {
            _options.Detector.Reject(master);
        }

        return new Outcome(master, $"{master.Authority}: {refusal.Reason}");
    }

    private async Task<Outcome> ReadSessionAsync(Uri master, SchedulerSession session, Backoff backoff, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        await foreach (var message in session.ReadAsync(_options.MaxRecordBytes, cancellationToken))
        {
            switch (message.Type)
            {
                case SchedulerEvent.Types.Type.Subscribed when message.Subscribed is { } subscribed:
                    session.FrameworkId = _frameworkId = subscribed.FrameworkId;
                    _session = session;
                    _options.Detector.Confirm(master);
                    LogSubscribed(subscribed.FrameworkId.Value, master);
                    await _signals.Writer.WriteAsync(new SchedulerSignal.Subscribed(subscribed.FrameworkId, subscribed.MasterInfo), cancellationToken);
                    break;
                case SchedulerEvent.Types.Type.Error:
                    return Error(master, message.Error?.Message ?? "", _session is not null);
                case SchedulerEvent.Types.Type.Heartbeat or SchedulerEvent.Types.Type.Unknown:
                    break;
                default:
                    await _signals.Writer.WriteAsync(new SchedulerSignal.Event(message), cancellationToken);
                    break;
            }

            if (_time.GetElapsedTime(began) > _options.MaxBackoff)
            {
                backoff.Reset();
            }
        }

        return new Outcome(master, session.EndReason ?? "the master closed the stream") { WasSubscribed = _session is not null };
    }

    private static Outcome Error(Uri master, string message, bool wasSubscribed)
    {
        SchedulerStopReason? stop =
            message.Contains("failed over", StringComparison.OrdinalIgnoreCase) ? SchedulerStopReason.FailedOver
            : message.Contains("has been removed", StringComparison.OrdinalIgnoreCase) ? SchedulerStopReason.FrameworkRemoved
            : null;
        return new Outcome(master, $"the master said: {message}")
        {
            WasSubscribed = wasSubscribed,
            Stopped = stop is { } reason ? new SchedulerSignal.Stopped(reason, message) : null,
        };
    }

    private async Task SendCallsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (session, call, done) in _calls.Reader.ReadAllAsync(cancellationToken))
            {
                try
                {
                    // A call of an earlier session is not carried into the next one: its offers are void.
                    done.TrySetResult(_session == session && await session.SendAsync(call));
                }
                catch (ObjectDisposedException)
                {
                    done.TrySetResult(false);
                }
                catch (Exception e)
                {
                    done.TrySetException(e);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            while (_calls.Reader.TryRead(out var rest))
            {
                rest.Done.TrySetResult(false);
            }
        }
    }

    private sealed record QueuedCall(SchedulerSession Session, SchedulerCall Call, TaskCompletionSource<bool> Done);

    private sealed record Outcome(Uri? Master, string Reason)
    {
        public bool WasSubscribed { get; init; }

        public bool Redirected { get; init; }

        public SchedulerSignal.Stopped? Stopped { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Scheduler connection started")]
    private partial void LogStarted();

    [LoggerMessage(Level = LogLevel.Information, Message = "Subscribed as framework {FrameworkId} at {Master}")]
    private partial void LogSubscribed(string frameworkId, Uri master);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No session with a Mesos master: {Reason}. Attempt {Attempt}, next in {DelayMs} ms")]
    private partial void LogDisconnected(string reason, int attempt, long delayMs);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Scheduler connection stopped")]
    private partial void LogStopped();
}
