using System.Net;
using ExecutorCall = Drover.Mesos.V1.Executor.Call;

namespace Drover.Mesos;

/// <summary>The call connection of one subscription and its loop that sends updates in order, each once: while the stream lives, an acknowledgement that does
/// not come was not given.</summary>
internal sealed class ExecutorSession(ExecutorLink link, long number, CancellationToken stop) : IAsyncDisposable
{
    private readonly MesosHttp _calls = MesosHttp.ForCalls(link.Authorization, link.Environment.DomainSocket);
    private readonly CancellationTokenSource _ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
    private Task _sending = Task.CompletedTask;

    public CancellationToken Ended => _ended.Token;

    public string? EndReason { get; private set; }

    public ExecutorEndReason? End { get; private set; }

    public void StartSending()
    {
        if (_sending.IsCompleted)
        {
            _sending = SendUpdatesAsync(_ended.Token);
        }
    }

    public async Task<(HttpStatusCode? Status, string Reason)> PostAsync(ExecutorCall call, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(link.Options.CallTimeout, link.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var response = await _calls.PostAsync(link.Endpoint, call, streamId: null, either.Token);
            return (response.StatusCode, response.IsSuccessStatusCode ? "" : await MesosHttp.ReadReasonAsync(response, either.Token));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ObjectDisposedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _sending;
        _calls.Dispose();
        _ended.Dispose();
    }

    private async Task SendUpdatesAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));
        try
        {
            while (true)
            {
                var changed = link.Ledger.Changed;
                var next = link.Ledger.NextToSend(number);
                if (next is null)
                {
                    await changed.WaitAsync(cancellationToken);
                    continue;
                }

                if (!await SendAsync(next, backoff, cancellationToken))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>False when the session is over.</summary>
    private async Task<bool> SendAsync(TaskStatus status, Backoff backoff, CancellationToken cancellationToken)
    {
        var call = link.NewCall(ExecutorCall.Types.Type.Update);
        call.Update = new ExecutorCall.Types.Update { Status = status };
        var (code, reason) = await PostAsync(call, cancellationToken);
        switch (code)
        {
            case HttpStatusCode.Accepted or HttpStatusCode.OK:
                link.Ledger.MarkSent(status.Uuid, number);
                backoff.Reset();
                return true;
            case HttpStatusCode.BadRequest when reason.Contains("cannot be found", StringComparison.OrdinalIgnoreCase):
                return Stop($"UPDATE answered 400 {reason}", ExecutorEndReason.Unknown);
            case HttpStatusCode.BadRequest:
                link.Options.Log?.Invoke($"update {status.State} of {status.TaskId.Value} dropped: the agent answered 400 {reason}");
                link.Ledger.Drop(status.Uuid);
                return true;
            case HttpStatusCode.Forbidden or null:
                return Stop(code is null ? $"the connection for calls broke: {reason}" : $"UPDATE answered 403 {reason}", null);
            default:
                // 503: a restarted agent lets executors subscribe before it takes their updates, and will not ask for them again.
                await Task.Delay(backoff.Next(), link.Time, cancellationToken);
                return true;
        }
    }

    private bool Stop(string reason, ExecutorEndReason? end)
    {
        EndReason ??= reason;
        End ??= end;
        _ended.Cancel();
        return false;
    }
}
