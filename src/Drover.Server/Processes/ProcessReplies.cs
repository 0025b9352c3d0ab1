using System.Text.Json.Nodes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Processes;

/// <summary>A handler's answer as published (cattle-api §2.4).</summary>
/// <param name="Name">The reply channel of the event.</param>
/// <param name="EventId">The first of its previous ids.</param>
internal sealed record HandlerReply(string Name, string? EventId, string? Transitioning, string? Message, int? Progress, JsonObject? Data);

/// <summary>Takes answers to processes' events. One that answers no event that is out (late, twice, of an earlier run) changes nothing.</summary>
internal sealed class ProcessReplies(Database database, ProcessCatalog catalog, ProcessSteps steps, ProcessEngine engine, TimeProvider time)
{
    /// <summary>Stores the answer; when this returns, it is safe. False when nobody waits for it.</summary>
    public Task<bool> TakeAsync(HandlerReply reply, CancellationToken cancellationToken) => database.RunAsync(
        async db =>
        {
            var process = await db.Processes.FirstOrDefaultAsync(p => p.ReplyTo == reply.Name && p.EndTime == null && p.Phase == Phases.Waiting, cancellationToken);
            if (process is null || process.EventId != reply.EventId)
            {
                return false;
            }

            var definition = catalog[process.ProcessName];
            if (await definition.FindAsync(db, process.ResourceId, cancellationToken) is not { } row)
            {
                return false;
            }

            if (reply.Data is not null)
            {
                ReplyData.Merge(row, reply.Data);
            }

            switch (reply.Transitioning)
            {
                case "yes":
                    Progress(process, row, reply);
                    await db.StoreAsync("reply.progress", cancellationToken);
                    break;
                case "error":
                    await FailedAsync(db, definition, process, row, reply, cancellationToken);
                    db.AfterCommit(engine.Wake.Set);
                    await db.StoreAsync("reply.error", cancellationToken);
                    break;
                default:
                    Answered(process, row);
                    var id = process.Id;
                    db.AfterCommit(() => engine.Ready(id));
                    await db.StoreAsync("reply.done", cancellationToken);
                    break;
            }

            return true;
        },
        cancellationToken);

    private void Progress(ProcessRow process, ResourceRow row, HandlerReply reply)
    {
        row.TransitioningMessage = reply.Message ?? row.TransitioningMessage;
        row.TransitioningProgress = reply.Progress is { } progress ? Math.Clamp(progress, 0, 100) : row.TransitioningProgress;
        process.Message = reply.Message ?? process.Message;
        process.DueAt = time.GetUtcNow().AddMilliseconds(process.TimeoutMillis);
    }

    private async Task FailedAsync(AppDb db, ProcessDefinition definition, ProcessRow process, ResourceRow row, HandlerReply reply, CancellationToken cancellationToken)
    {
        var handlers = await HandlerCatalog.ActiveAsync(db, definition.Name, cancellationToken);
        var handler = handlers.FirstOrDefault(h => h.Id == process.HandlerId);
        var message = string.IsNullOrWhiteSpace(reply.Message) ? $"The handler {handler?.Name} failed without a reason." : reply.Message;
        steps.Fail(db, definition, process, row, message, handler?.OnError);
    }

    private void Answered(ProcessRow process, ResourceRow row)
    {
        row.TransitioningMessage = null;
        process.HandlersDone = HandlerDispatch.MarkAnswered(process.HandlersDone, process.HandlerId!.Value);
        process.Phase = Phases.Handlers;
        process.EventId = process.ReplyTo = null;
        process.DueAt = time.GetUtcNow();
    }
}
