using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Tells the server how far a machine is, at most four times a second each and always the last word; and again before its clock
/// runs out. Not durable: the last answer of a request carries everything.</summary>
internal sealed partial class ProgressPublisher
{
    private const int Concurrency = 8;
    private static readonly TimeSpan s_spacing = TimeSpan.FromMilliseconds(250);

    private readonly CattleClient _client;
    private readonly TimeSpan _interval;
    private readonly ILogger _logger;
    private readonly RetryingWorker<Note> _worker;
    private readonly Dictionary<string, Note> _last = new(StringComparer.Ordinal);

    public ProgressPublisher(CattleClient client, SchedulerOptions options, TimeProvider time, ILogger logger)
    {
        _client = client;
        _interval = options.ProgressInterval;
        _logger = logger;
        _worker = new RetryingWorker<Note>(Concurrency, s_spacing, time, SendAsync);
    }

    /// <summary>What is to be shown now; nothing is sent when nobody waits or nothing changed. Called by the loop only.</summary>
    public void Show(MachineRequest request, MachineView view)
    {
        var waiting = request.State switch
        {
            RequestState.Gone => null,
            RequestState.Running => request.Order?.Reply,
            _ => request.Remove ?? request.Order?.Reply ?? request.Bootstrap ?? request.Create,
        };
        if (waiting is not { } to)
        {
            Forget(request.MachineId);
            return;
        }

        var note = new Note(to, view.Message, view.Progress, view.Data, view.Data.ToJsonString());
        if (_last.TryGetValue(request.MachineId, out var last) && last.SameAs(note))
        {
            return;
        }

        _last[request.MachineId] = note;
        _worker.Set(request.MachineId, note);
    }

    public void Forget(string machineId)
    {
        if (_last.Remove(machineId))
        {
            _worker.Remove(machineId);
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) => _worker.RunAsync(cancellationToken);

    private async Task<TimeSpan?> SendAsync(Note note, int runs, CancellationToken cancellationToken)
    {
        try
        {
            await _client.SendAsync(HttpMethod.Post, "publish", ReplyBody.Of(note.To, CattleReply.InProgress(note.Message, note.Progress, note.Data)), cancellationToken);
        }
        catch (CattleException e)
        {
            LogNotShown(e.Message);
        }

        return _interval;
    }

    private sealed record Note(PendingReply To, string Message, int? Progress, JsonObject Data, string DataText)
    {
        public bool SameAs(Note other) => To == other.To && Message == other.Message && Progress == other.Progress && DataText == other.DataText;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Progress could not be shown: {Problem}")]
    private partial void LogNotShown(string problem);
}
