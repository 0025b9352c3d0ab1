using System.Net;
using System.Threading.Channels;
using Drover.Mesos.V1;
using Google.Protobuf;
using ExecutorCall = Drover.Mesos.V1.Executor.Call;
using ExecutorEvent = Drover.Mesos.V1.Executor.Event;

namespace Drover.Mesos;

/// <summary>An executor's connection to its agent, over restarts of the agent.</summary>
/// <remarks>
/// <code>
/// subscribing ─▶ subscribed ─▶ (end of stream | call connection broke) ─▶ waiting ─▶ subscribing
///      │ 400 unknown, 403, recovery time over, no checkpoint: ended
/// </code>
/// It keeps what the agent has not acknowledged and sends it again, with the same uuids. An acknowledgement means that the agent has the update,
/// not that the scheduler saw it: after a terminal update wait for it with <see cref="WaitAcknowledgedAsync"/>, then exit.
/// Free of reflection, for native programs.
/// </remarks>
public sealed class ExecutorConnection : IAsyncDisposable
{
    private readonly ExecutorLink _link;
    private readonly Channel<ExecutorSignal> _signals = Channel.CreateBounded<ExecutorSignal>(new BoundedChannelOptions(256) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private bool _disposed;
    private volatile ExecutorSession? _session;
    private long _sessions;

    public ExecutorConnection(ExecutorEnvironment environment, ExecutorConnectionOptions options, TimeProvider time) =>
        _link = new ExecutorLink(environment, options, time);

    /// <summary>Everything that happens, in order, for one reader. Completed after <see cref="ExecutorSignal.Ended"/> and by disposing.</summary>
    public ChannelReader<ExecutorSignal> Signals => _signals.Reader;

    /// <summary>Starts to connect; call once.</summary>
    public void Start() => _running = RunAsync(_stop.Token);

    /// <summary>Gives an update to be delivered, after all earlier ones. Sets <c>uuid</c>, <c>source</c>, <c>executor_id</c>, and <c>timestamp</c> if missing.</summary>
    /// <returns>False when the task's terminal update was already given: this one is dropped.</returns>
    /// <exception cref="ArgumentException">TASK_STAGING: only a master says that.</exception>
    public bool Update(TaskStatus status)
    {
        if (status.State == TaskState.TaskStaging)
        {
            throw new ArgumentException("An executor does not report TASK_STAGING.", nameof(status));
        }

        var own = status.Clone();
        own.Uuid = MesosUuid.Create();
        own.Source = TaskStatus.Types.Source.Executor;
        own.ExecutorId = _link.Environment.ExecutorId;
        own.AgentId = null;
        if (!own.HasTimestamp)
        {
            own.Timestamp = _link.Time.GetUtcNow().ToUnixTimeMilliseconds() / 1000d;
        }

        return _link.Ledger.AddUpdate(own);
    }

    /// <summary>Sends bytes to the framework. False: not delivered. Delivery is not guaranteed in any case.</summary>
    public async Task<bool> SendMessageAsync(ByteString data, CancellationToken cancellationToken)
    {
        var call = _link.NewCall(ExecutorCall.Types.Type.Message);
        call.Message = new ExecutorCall.Types.Message { Data = data };
        return _session is { } session && await session.PostAsync(call, cancellationToken) is { Status: HttpStatusCode.Accepted };
    }

    /// <summary>Waits until the agent has acknowledged every update. False when <paramref name="timeout"/> passed first
    /// (an agent that was restarted may never acknowledge a terminal update that it knew already; Mesos' own executors wait 60 s).</summary>
    public async Task<bool> WaitAcknowledgedAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, _link.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (true)
            {
                var changed = _link.Ledger.Changed;
                if (_link.Ledger.IsEmpty)
                {
                    return true;
                }

                await changed.WaitAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

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
        using var streams = MesosHttp.ForStream(_link.Authorization, _link.Environment.DomainSocket);
        long? awaySince = null;
        try
        {
            while (true)
            {
                var outcome = await SessionAsync(streams, cancellationToken);
                if (outcome.WasSubscribed)
                {
                    awaySince = null;
                }

                awaySince ??= _link.Time.GetTimestamp();
                var end = outcome.End ?? EndOf(outcome, _link.Time.GetElapsedTime(awaySince.Value));
                _link.Options.Log?.Invoke(end is null ? outcome.Reason : $"{outcome.Reason}: giving up ({end})");
                if (end is { } reason)
                {
                    await _signals.Writer.WriteAsync(new ExecutorSignal.Ended(reason, outcome.Reason), cancellationToken);
                    return;
                }

                if (outcome.WasSubscribed)
                {
                    await _signals.Writer.WriteAsync(new ExecutorSignal.Disconnected(outcome.Reason), cancellationToken);
                }

                await Task.Delay(RetryDelay(), _link.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            _signals.Writer.TryComplete();
        }
    }

    private ExecutorEndReason? EndOf(Outcome outcome, TimeSpan away) =>
        outcome.WasSubscribed && !_link.Environment.Checkpoint ? ExecutorEndReason.NotCheckpointed
        : away >= _link.Environment.RecoveryTimeout ? ExecutorEndReason.RecoveryTimeout
        : null;

    private TimeSpan RetryDelay()
    {
        var longest = _link.Environment.SubscriptionBackoffMax < _link.Options.MaxRetryDelay ? _link.Environment.SubscriptionBackoffMax : _link.Options.MaxRetryDelay;
        return longest * Random.Shared.NextDouble();
    }

    /// <summary>One subscription from SUBSCRIBE to the end of its stream.</summary>
    private async Task<Outcome> SessionAsync(MesosHttp streams, CancellationToken cancellationToken)
    {
        var number = ++_sessions;
        var subscribed = false;
        try
        {
            var call = _link.NewCall(ExecutorCall.Types.Type.Subscribe);
            call.Subscribe = _link.Ledger.Snapshot(number);
            using var response = await SubscribeAsync(streams, call, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Refused(response.StatusCode, await MesosHttp.ReadReasonAsync(response, cancellationToken));
            }

            await using var session = new ExecutorSession(_link, number, cancellationToken);
            var body = await response.Content.ReadAsStreamAsync(session.Ended);
            await foreach (var message in RecordIO.ReadAsync(body, ExecutorEvent.Parser, _link.Options.MaxRecordBytes, session.Ended))
            {
                if (message.Type == ExecutorEvent.Types.Type.Error)
                {
                    return new Outcome($"the agent said: {message.Error?.Message}") { WasSubscribed = subscribed, End = ExecutorEndReason.Error };
                }

                subscribed |= message.Type == ExecutorEvent.Types.Type.Subscribed;
                await HandleAsync(message, session, cancellationToken);
            }

            return new Outcome(session.EndReason ?? "the agent closed the stream") { WasSubscribed = subscribed, End = session.End };
        }
        catch (Exception e)
        {
            // A stream that broke just when the connection was being closed is no failure of the connection.
            cancellationToken.ThrowIfCancellationRequested();
            return new Outcome(_session?.EndReason ?? $"the agent at {_link.Environment.Agent.Authority} is away: {e.Message}") { WasSubscribed = subscribed, End = _session?.End };
        }
        finally
        {
            _session = null;
        }
    }

    private async Task<HttpResponseMessage> SubscribeAsync(MesosHttp streams, ExecutorCall call, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_link.Options.CallTimeout, _link.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        return await streams.PostAsync(_link.Endpoint, call, streamId: null, either.Token);
    }

    private async Task HandleAsync(ExecutorEvent message, ExecutorSession session, CancellationToken cancellationToken)
    {
        switch (message.Type)
        {
            case ExecutorEvent.Types.Type.Subscribed when message.Subscribed is { } subscribed:
                _session = session;
                session.StartSending();
                _link.Options.Log?.Invoke($"subscribed at {_link.Environment.Agent.Authority}");
                await _signals.Writer.WriteAsync(new ExecutorSignal.Subscribed(subscribed), cancellationToken);
                return;
            case ExecutorEvent.Types.Type.Acknowledged when message.Acknowledged is { } acknowledged:
                _link.Ledger.Acknowledge(acknowledged.TaskId.Value, acknowledged.Uuid);
                return;
            case ExecutorEvent.Types.Type.Heartbeat or ExecutorEvent.Types.Type.Unknown:
                return;
            case ExecutorEvent.Types.Type.Launch when message.Launch is { } launch:
                _link.Ledger.AddTask(launch.Task);
                break;
            case ExecutorEvent.Types.Type.LaunchGroup when message.LaunchGroup is { } group:
                foreach (var task in group.TaskGroup.Tasks)
                {
                    _link.Ledger.AddTask(task);
                }

                break;
        }

        await _signals.Writer.WriteAsync(new ExecutorSignal.Event(message), cancellationToken);
    }

    private static Outcome Refused(HttpStatusCode status, string reason)
    {
        var text = $"SUBSCRIBE answered {(int)status} {reason}".TrimEnd();
        return new Outcome(text)
        {
            End = status switch
            {
                HttpStatusCode.BadRequest => ExecutorEndReason.Unknown,
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExecutorEndReason.Forbidden,
                _ => null,
            },
        };
    }

    private sealed record Outcome(string Reason)
    {
        public bool WasSubscribed { get; init; }

        public ExecutorEndReason? End { get; init; }
    }
}
