using System.Net;
using System.Runtime.CompilerServices;
using Drover.Mesos.V1;
using SchedulerCall = Drover.Mesos.V1.Scheduler.Call;
using SchedulerEvent = Drover.Mesos.V1.Scheduler.Event;

namespace Drover.Mesos;

/// <summary>One subscription: the stream of events and the one connection on which calls follow each other.</summary>
internal sealed class SchedulerSession : IDisposable
{
    /// <summary>After a refused call the stream is read on for this long: it may hold the ERROR that says why, and that forbids to subscribe again.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private static readonly string[] SessionGone = ["framework cannot be found", "stream id", "stream-id", "not subscribed"];

    private readonly Uri _endpoint;
    private readonly MesosHttp _calls;
    private readonly HttpResponseMessage _stream;
    private readonly string? _streamId;
    private readonly TimeProvider _time;
    private readonly TimeSpan _callTimeout;
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _ended;

    private SchedulerSession(Uri endpoint, MesosHttp calls, HttpResponseMessage stream, SchedulerConnectionOptions options, TimeProvider time, CancellationToken stop)
    {
        _endpoint = endpoint;
        _calls = calls;
        _stream = stream;
        _time = time;
        _callTimeout = options.CallTimeout;
        _streamId = stream.Headers.TryGetValues(MesosHttp.StreamIdHeader, out var values) ? values.FirstOrDefault() : null;
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(stop, _over.Token);
    }

    /// <summary>Why a call ended the session; null while none did.</summary>
    public string? EndReason { get; private set; }

    /// <summary>Set by the first event.</summary>
    public FrameworkID? FrameworkId { get; set; }

    /// <summary>Opens the stream, or says what the master answered instead.</summary>
    /// <param name="known">The id that an earlier session got, for a scheduler that has not come to note it.</param>
    public static async Task<(SchedulerSession? Session, SubscribeRefusal? Refusal)> OpenAsync(
        Uri master, MesosHttp streams, SchedulerConnectionOptions options, FrameworkID? known, TimeProvider time, CancellationToken stop)
    {
        var endpoint = new Uri(master, "/api/v1/scheduler");
        var call = Subscribe(options.Subscription(), known);

        using var timeout = new CancellationTokenSource(options.CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        HttpResponseMessage response;
        try
        {
            response = await streams.PostAsync(endpoint, call, streamId: null, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, new SubscribeRefusal(null, null, $"no answer to SUBSCRIBE within {options.CallTimeout.TotalSeconds:0} s"));
        }

        if (response.StatusCode == HttpStatusCode.OK)
        {
            return (new SchedulerSession(endpoint, MesosHttp.ForCalls(options.Authorization), response, options, time, stop), null);
        }

        using (response)
        {
            var reason = await MesosHttp.ReadReasonAsync(response, stop);
            return (null, new SubscribeRefusal(response.StatusCode, MesosHttp.Redirect(endpoint, response),
                $"SUBSCRIBE answered {(int)response.StatusCode} {reason}".TrimEnd()));
        }
    }

    /// <summary>Every record until the stream ends, falls silent for five heartbeats, or a call ends the session.</summary>
    /// <exception cref="MesosException">The stream fell silent.</exception>
    public async IAsyncEnumerable<SchedulerEvent> ReadAsync(int maxRecordBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Until SUBSCRIBED tells the interval, the usual 15 s.
        var silence = TimeSpan.FromSeconds(75);
        using var watchdog = new CancellationTokenSource(silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, watchdog.Token, cancellationToken);
        var body = await _stream.Content.ReadAsStreamAsync(either.Token);
        await using var events = RecordIO.ReadAsync(body, SchedulerEvent.Parser, maxRecordBytes, either.Token).GetAsyncEnumerator(either.Token);
        while (true)
        {
            try
            {
                if (!await events.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (OperationCanceledException) when (watchdog.IsCancellationRequested && !_ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new MesosException($"nothing came from the master for {silence.TotalSeconds:0.#} s");
            }
            catch (OperationCanceledException) when (EndReason is not null)
            {
                yield break;
            }

            // Time that the scheduler itself takes for an event is not the master's silence.
            watchdog.CancelAfter(Timeout.InfiniteTimeSpan);
            var message = events.Current;
            if (message.Subscribed is { } subscribed)
            {
                silence = subscribed.HeartbeatIntervalSeconds > 0 ? TimeSpan.FromSeconds(subscribed.HeartbeatIntervalSeconds * 5) : Timeout.InfiniteTimeSpan;
            }

            yield return message;
            watchdog.CancelAfter(silence);
        }
    }

    /// <summary>Sends one call. False: the session is over, and the call may or may not have been carried out.</summary>
    /// <exception cref="MesosException">The master calls the request itself wrong.</exception>
    public async Task<bool> SendAsync(SchedulerCall call)
    {
        if (EndReason is not null)
        {
            return false;
        }

        using var timeout = new CancellationTokenSource(_callTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, timeout.Token);
        try
        {
            using var response = await _calls.PostAsync(_endpoint, call, _streamId, either.Token);
            if (response.IsSuccessStatusCode)
            {
                return true;
            }

            var reason = await MesosHttp.ReadReasonAsync(response, either.Token);
            var answer = $"{call.Type} answered {(int)response.StatusCode} {reason}".TrimEnd();
            if (response.StatusCode == HttpStatusCode.BadRequest && !SessionGone.Any(s => reason.Contains(s, StringComparison.OrdinalIgnoreCase)))
            {
                throw new MesosException(answer, response.StatusCode);
            }

            return End(answer, LastWords);
        }
        catch (HttpRequestException e)
        {
            return End($"the connection for calls broke: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            return End($"no answer to {call.Type} within {_callTimeout.TotalSeconds:0} s");
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        _stream.Dispose();
        _calls.Dispose();
        _ended.Dispose();
        _over.Dispose();
    }

    private static SchedulerCall Subscribe(FrameworkSubscription subscription, FrameworkID? known)
    {
        var call = new SchedulerCall
        {
            Type = SchedulerCall.Types.Type.Subscribe,
            Subscribe = new() { FrameworkInfo = subscription.Framework.Clone() },
        };
        call.Subscribe.SuppressedRoles.AddRange(subscription.SuppressedRoles);
        var framework = call.Subscribe.FrameworkInfo;
        if (framework.Id is not { Value.Length: > 0 })
        {
            framework.Id = known;
        }

        call.FrameworkId = framework.Id;
        return call;
    }

    private bool End(string reason, TimeSpan after = default)
    {
        EndReason ??= reason;
        _over.CancelAfter(after);
        return false;
    }
}

/// <summary>An answer to SUBSCRIBE that is no stream.</summary>
/// <param name="Status">Null when none came.</param>
/// <param name="Leader">The base address that a redirect names.</param>
internal sealed record SubscribeRefusal(HttpStatusCode? Status, Uri? Leader, string Reason);
