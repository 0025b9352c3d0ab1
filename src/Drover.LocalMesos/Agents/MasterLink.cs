using System.Net;
using System.Threading.Channels;
using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>The agent's connection to its master: a stream of events, and one connection on which calls follow each other. Reconnects for ever.</summary>
/// <remarks>The snapshot for a subscription is taken after the old stream is read to its end: what the master sent is in it, or lost; see <c>link.proto</c>.</remarks>
internal sealed partial class MasterLink : IAsyncDisposable
{
    private readonly AgentContext _agent;
    private readonly AgentRegistrar _registrar;
    private readonly MasterEvents _events;
    private readonly ILogger _logger;
    private readonly Uri _endpoint;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private bool _disposed;

    public MasterLink(AgentContext agent, AgentRegistrar registrar, MasterEvents events)
    {
        _agent = agent;
        _registrar = registrar;
        _events = events;
        _logger = agent.Logger;
        _endpoint = new Uri(agent.Options.Master, "/link");
    }

    public void Start() => _running = RunAsync(_stop.Token);

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
        using var streams = MesosHttp.ForStream(_agent.Options.Credentials?.Authorization);
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), _agent.Options.MasterRetryMax);
        var last = "";
        try
        {
            while (true)
            {
                var reason = await SessionAsync(streams, backoff, cancellationToken);
                var delay = backoff.Next();
                // Every second the same: once is enough for an operator.
                LogDisconnected(reason == last ? LogLevel.Debug : LogLevel.Warning, reason, backoff.Attempts, (long)delay.TotalMilliseconds);
                last = reason;
                await Task.Delay(delay, _agent.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is ObjectDisposedException or CheckpointException)
        {
            // The agent's state is gone: so is the agent.
        }
    }

    private async Task<string> SessionAsync(MesosHttp streams, Backoff backoff, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var calls = Channel.CreateUnbounded<AgentCall>(new UnboundedChannelOptions { SingleReader = true });
        Task sending = Task.CompletedTask;
        try
        {
            var subscribe = new AgentCall
            {
                Type = AgentCall.Types.Type.Subscribe,
                Subscribe = await _agent.Mailbox.AskAsync(_registrar.Snapshot),
            };
            using var response = await streams.PostAsync(_endpoint, subscribe, streamId: null, ended.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return $"the master answered {(int)response.StatusCode} {await MesosHttp.ReadReasonAsync(response, ended.Token)}".TrimEnd();
            }

            var session = response.Headers.GetValues(MasterEndpoints.LinkSessionHeader).First();
            sending = SendAsync(calls.Reader, session, ended);
            await ReadAsync(await response.Content.ReadAsStreamAsync(ended.Token), calls.Writer, backoff, ended.Token);
            return "the master closed the stream";
        }
        catch (Exception e) when (e is not ObjectDisposedException and not CheckpointException && !cancellationToken.IsCancellationRequested)
        {
            return e is OperationCanceledException ? "the link fell silent, or a call was refused" : e.Message;
        }
        finally
        {
            calls.Writer.TryComplete();
            await ended.CancelAsync();
            await sending;
            _agent.Mailbox.Post(_registrar.Disconnected);
        }
    }

    private async Task ReadAsync(Stream body, ChannelWriter<AgentCall> calls, Backoff backoff, CancellationToken cancellationToken)
    {
        var silence = TimeSpan.FromSeconds(75);
        using var watchdog = new CancellationTokenSource(silence, _agent.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(watchdog.Token, cancellationToken);
        await foreach (var message in RecordIO.ReadAsync(body, MasterEvent.Parser, RecordIO.DefaultMaxRecordBytes, either.Token))
        {
            if (message.Type == MasterEvent.Types.Type.Subscribed)
            {
                silence = TimeSpan.FromMilliseconds(message.Subscribed.PingTimeoutMilliseconds);
                backoff.Reset();
                await _agent.Mailbox.AskAsync(() => _registrar.Registered(message.Subscribed.AgentId.Value, calls.TryWrite));
            }
            else
            {
                await _agent.Mailbox.AskAsync(() => _events.Handle(message));
            }

            watchdog.CancelAfter(silence);
        }
    }

    private async Task SendAsync(ChannelReader<AgentCall> calls, string session, CancellationTokenSource ended)
    {
        using var http = MesosHttp.ForCalls(_agent.Options.Credentials?.Authorization);
        try
        {
            await foreach (var call in calls.ReadAllAsync(ended.Token))
            {
                using var response = await http.PostAsync(_endpoint, call, session, ended.Token, MasterEndpoints.LinkSessionHeader);
                if (!response.IsSuccessStatusCode)
                {
                    LogRefused(call.Type, (int)response.StatusCode, await MesosHttp.ReadReasonAsync(response, ended.Token));
                    break;
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
        }

        await ended.CancelAsync();
    }

    [LoggerMessage(Message = "No session with the master: {Reason}. Attempt {Attempt}, next in {DelayMs} ms")]
    private partial void LogDisconnected(LogLevel level, string reason, int attempt, long delayMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The master answered {Status} to {Call}: {Reason}")]
    private partial void LogRefused(AgentCall.Types.Type call, int status, string reason);
}
