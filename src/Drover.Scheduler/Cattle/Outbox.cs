using System.Globalization;
using Drover.Api.Cattle;
using Drover.Scheduler.Storage;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Brings stored replies to the server, for as long as it takes. An item that is sent twice does no harm: the server
/// has stopped listening for it.</summary>
internal sealed partial class Outbox
{
    private const int Concurrency = 8;

    private readonly CattleClient _client;
    private readonly Func<long, CancellationToken, ValueTask> _delivered;
    private readonly ILogger _logger;
    private readonly Action<string>? _reached;
    private readonly RetryingWorker<OutboxItem> _worker;

    /// <param name="delivered">Called when the server took an item, or refused it for good: it may be forgotten.</param>
    public Outbox(CattleClient client, TimeProvider time, Func<long, CancellationToken, ValueTask> delivered, ILogger logger, Action<string>? reached)
    {
        _client = client;
        _delivered = delivered;
        _logger = logger;
        _reached = reached;
        _worker = new RetryingWorker<OutboxItem>(Concurrency, TimeSpan.Zero, time, SendAsync);
    }

    public int Count => _worker.Count;

    public void Add(OutboxItem item) => _worker.Set(item.Id.ToString(CultureInfo.InvariantCulture), item);

    public Task RunAsync(CancellationToken cancellationToken) => _worker.RunAsync(cancellationToken);

    private async Task<TimeSpan?> SendAsync(OutboxItem item, int failures, CancellationToken cancellationToken)
    {
        try
        {
            _reached?.Invoke("outbox.send:before");
            await _client.SendAsync(new HttpMethod(item.Method), item.Path, item.Body, cancellationToken);
            _reached?.Invoke("outbox.send:after");
        }
        catch (CattleException e) when (Retry.MayHelp(e))
        {
            LogDelayed(item.MachineId, item.Path, failures + 1, e.Message);
            return Retry.Delay(failures);
        }
        catch (CattleException e)
        {
            LogRefused(item.MachineId, item.Path, e.Message);
        }

        await _delivered(item.Id, cancellationToken);
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Machine {MachineId}: {Path} could not be sent, attempt {Attempt}: {Problem}")]
    private partial void LogDelayed(string machineId, string path, int attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Machine {MachineId}: the server refused {Path}, it is dropped: {Problem}")]
    private partial void LogRefused(string machineId, string path, string problem);
}
