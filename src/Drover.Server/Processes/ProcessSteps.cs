using System.Diagnostics;
using Drover.Server.Api;
using Drover.Server.Events;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Processes;

/// <summary>One step of one process: reads the row, decides, writes once.</summary>
internal sealed class ProcessSteps(ProcessCatalog catalog, EventHub hub, ProcessTally tally, ServerIdentity server, ServerOptions options, TimeProvider time)
{
    /// <summary>Traces of steps, for whoever listens.</summary>
    private static readonly ActivitySource s_traces = new("Drover.Server");

    /// <summary>How long other servers leave a process alone that this one has touched.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>While nothing can happen without a nudge, look again now and then anyway.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(60);

    public ProcessRow NewProcess(ProcessDefinition definition, ResourceRow row, string phase, DateTimeOffset due) => new()
    {
        ProcessName = definition.Name,
        ResourceType = definition.ResourceType,
        ResourceId = row.Id,
        AccountId = row.AccountId,
        Phase = phase,
        DueAt = due,
        StartTime = time.GetUtcNow(),
        LockOwner = server.Id,
        LockedUntil = time.GetUtcNow() + Lease,
    };

    /// <summary>Moves the resource into the process's state. False where the process may not start.</summary>
    public static bool Begin(ProcessDefinition definition, ResourceRow row)
    {
        if (definition.Lifecycle.Start(definition.Move, row.State) is not { } during)
        {
            return false;
        }

        row.State = during;
        row.TransitioningProgress = null;
        if (definition.Move != "error")
        {
            row.TransitioningError = false;
            row.TransitioningMessage = null;
        }

        definition.Starting(row);
        return true;
    }

    public void End(AppDb db, ProcessRow process, string exitReason, string? message)
    {
        db.AfterCommit(() => tally.Ended(process.ProcessName, exitReason));
        process.Phase = Phases.Ended;
        process.EndTime = time.GetUtcNow();
        process.ExitReason = exitReason;
        process.Message = message;
        process.DueAt = null;
        process.EventId = process.ReplyTo = null;
        process.LockOwner = null;
        process.LockedUntil = null;
    }

    /// <summary>Takes one step; true when there is another to take at once.</summary>
    public async Task<bool> StepAsync(AppDb db, long processId, bool resend, CancellationToken cancellationToken)
    {
        var process = await db.Processes.FirstOrDefaultAsync(p => p.Id == processId, cancellationToken);
        if (process is null || process.EndTime is not null)
        {
            return false;
        }

        using var trace = s_traces.StartActivity(process.ProcessName)?.SetTag("drover.process.id", processId).SetTag("drover.process.phase", process.Phase).SetTag("drover.resource.id", process.ResourceId);
        var definition = catalog[process.ProcessName];
        var row = await definition.FindAsync(db, process.ResourceId, cancellationToken);
        var now = time.GetUtcNow();
        if (row is null || (process.Phase == Phases.Requested && process.DueAt <= now && !Begin(definition, row)))
        {
            End(db, process, ExitReasons.Cancelled, row is null ? "The resource is gone." : $"Not possible while the resource is {row.State}.");
            await db.StoreAsync("process.cancelled", cancellationToken);
            return false;
        }

        process.LockOwner = server.Id;
        process.LockedUntil = now + Lease;
        switch (process.Phase)
        {
            case Phases.Requested when process.DueAt > now:
                return false;
            case Phases.Requested:
                process.Phase = Phases.Handlers;
                process.StartTime = now;
                await db.StoreAsync("process.started", cancellationToken);
                return true;
            case Phases.Completing:
                return await CompleteAsync(db, definition, process, row, now, cancellationToken);
            default:
                return await DispatchAsync(db, definition, process, row, now, resend, cancellationToken);
        }
    }

    /// <summary>Ends the process badly: starts the error process where there is one and the state allows it, else tries again later.</summary>
    public void Fail(AppDb db, ProcessDefinition definition, ProcessRow process, ResourceRow row, string message, string? onError = null)
    {
        db.AfterCommit(() => tally.Failed(process.ProcessName));
        row.TransitioningError = true;
        row.TransitioningMessage = message;
        var error = catalog.Find(onError) ?? catalog.Find(definition.ErrorProcess);
        if (definition.ErrorProcess is not null && error is not null && Begin(error, row))
        {
            End(db, process, ExitReasons.Error, message);
            db.Processes.Add(NewProcess(error, row, Phases.Handlers, time.GetUtcNow()));
            return;
        }

        if (definition.ReturnsOnFailure)
        {
            row.State = definition.Lifecycle.Undo(definition.Move, row.State) ?? row.State;
            row.TransitioningProgress = null;
            End(db, process, ExitReasons.Error, message);
            return;
        }

        process.Message = message;
        StartOver(db, process, HandlerDispatch.Backoff(process.Runs + 1));
    }

    private async Task<bool> DispatchAsync(AppDb db, ProcessDefinition definition, ProcessRow process, ResourceRow row, DateTimeOffset now, bool resend, CancellationToken cancellationToken)
    {
        if (now >= process.StartTime + definition.GiveUpAfter)
        {
            process.Message = "The handlers did not answer in time; completed without them.";
            return await AllAnsweredAsync(db, definition, process, now, cancellationToken);
        }

        if (now >= process.StartTime + definition.FailAfter)
        {
            Fail(db, definition, process, row, $"Nobody carried it out within {Words(definition.FailAfter!.Value)}: {process.Message ?? "no scheduler answered"}.");
            await db.StoreAsync("process.failed", cancellationToken);
            return false;
        }

        var asks = definition.AsksHandlers(row);
        IReadOnlyList<HandlerView> handlers = asks ? await HandlerCatalog.ActiveAsync(db, definition.Name, cancellationToken) : [];
        if (asks && handlers.Count == 0 && await definition.NeedsHandlerAsync(db, row, cancellationToken) is { } reason)
        {
            if (process.Phase == Phases.Waiting)
            {
                StartOver(db, process, TimeSpan.Zero);
            }

            process.Message = row.TransitioningMessage = reason;
            process.DueAt = Earlier(now + LookAgain, process.StartTime + (definition.GiveUpAfter ?? definition.FailAfter));
            await db.StoreAsync("process.unhandled", cancellationToken);
            return false;
        }

        switch (HandlerDispatch.Decide(process, handlers, now, resend))
        {
            case DispatchStep.AllAnswered:
                return await AllAnsweredAsync(db, definition, process, now, cancellationToken);
            case DispatchStep.Send send:
                Address(process, send.Handler);
                definition.Dispatching(row);
                await SendAsync(db, definition, process, row, now, "process.intent", cancellationToken);
                return false;
            case DispatchStep.SendAgain:
                process.Attempt += resend ? 0 : 1;
                await SendAsync(db, definition, process, row, now, "process.again", cancellationToken);
                return false;
            case DispatchStep.StartOver over:
                StartOver(db, process, over.After);
                process.Message = $"No answer to {process.EventName} in time.";
                await db.StoreAsync("process.timeout", cancellationToken);
                return false;
            case DispatchStep.AskOthers:
                process.Phase = Phases.Handlers;
                process.EventId = process.ReplyTo = null;
                process.DueAt = now;
                await db.StoreAsync("process.asksothers", cancellationToken);
                return true;
            default:
                return false;
        }
    }

    private void Address(ProcessRow process, HandlerView handler)
    {
        process.Phase = Phases.Waiting;
        process.HandlerId = handler.Id;
        process.EventName = $"{handler.EventName};handler={handler.Name}";
        process.EventId = Guid.NewGuid().ToString();
        process.ReplyTo = ReplyNames.New();
        process.Attempt = 1;
        process.TimeoutMillis = handler.TimeoutMillis ?? (long)options.HandlerTimeout.TotalMilliseconds;
    }

    private async Task SendAsync(AppDb db, ProcessDefinition definition, ProcessRow process, ResourceRow row, DateTimeOffset now, string point, CancellationToken cancellationToken)
    {
        process.DueAt = now.AddMilliseconds(process.TimeoutMillis);
        var message = new EventMessage
        {
            Id = process.EventId!,
            Name = process.EventName!,
            ReplyTo = process.ReplyTo,
            ResourceType = definition.ResourceType,
            ResourceId = Ids.Format(definition.IdLetters, process.ResourceId),
            Data = definition.EventData(row),
            Time = now,
            TimeoutMillis = process.TimeoutMillis,
            Context = new()
            {
                ["processName"] = process.ProcessName,
                ["logicPath"] = process.ProcessName,
                ["processId"] = process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["topResourceId"] = process.ResourceId.ToString(System.Globalization.CultureInfo.InvariantCulture),
            },
        };
        db.AfterCommit(() => hub.Publish(message));
        await db.StoreAsync(point, cancellationToken);
    }

    private static async Task<bool> AllAnsweredAsync(AppDb db, ProcessDefinition definition, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken)
    {
        process.Phase = Phases.Completing;
        process.EventId = process.ReplyTo = null;
        process.Deadline = now + definition.CompletionTimeout;
        process.DueAt = now;
        await db.StoreAsync("process.answered", cancellationToken);
        return true;
    }

    private async Task<bool> CompleteAsync(AppDb db, ProcessDefinition definition, ProcessRow process, ResourceRow row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        switch (await definition.CompleteAsync(db, row, process, now, cancellationToken))
        {
            case Completion.Done done:
                Finish(definition, row);
                End(db, process, ExitReasons.Done, process.Message);
                if (catalog.Find(done.Then) is { } then)
                {
                    db.Processes.Add(NewProcess(then, row, Phases.Requested, now + done.Delay));
                }

                await db.StoreAsync("process.done", cancellationToken);
                return false;
            case Completion.Delegate next when Begin(catalog[next.Process], row):
                End(db, process, ExitReasons.Done, $"Goes on as {next.Process}.");
                db.Processes.Add(NewProcess(catalog[next.Process], row, Phases.Handlers, now));
                await db.StoreAsync("process.delegated", cancellationToken);
                return false;
            case Completion.Wait wait when now < process.Deadline:
                process.DueAt = process.Deadline;
                process.Message = wait.Message;
                await db.StoreAsync("process.waits", cancellationToken);
                return false;
            case Completion.Wait wait:
                Fail(db, definition, process, row, $"{wait.Message} It did not happen within {Words(definition.CompletionTimeout)}.");
                break;
            case Completion.Failed failed:
                Fail(db, definition, process, row, failed.Message);
                break;
        }

        await db.StoreAsync("process.failed", cancellationToken);
        return false;
    }

    private static void Finish(ProcessDefinition definition, ResourceRow row)
    {
        row.State = definition.Lifecycle.Finish(definition.Move, row.State) ?? row.State;
        row.TransitioningProgress = null;
        if (definition.Move != "error")
        {
            row.TransitioningError = false;
            row.TransitioningMessage = null;
        }
    }

    private void StartOver(AppDb db, ProcessRow process, TimeSpan after)
    {
        db.AfterCommit(() => tally.Retried(process.ProcessName));
        process.Phase = Phases.Handlers;
        process.HandlersDone = ",";
        process.EventId = process.ReplyTo = null;
        process.Runs++;
        process.DueAt = time.GetUtcNow() + after;
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset? b) => b < a ? b.Value : a;

    private static string Words(TimeSpan span) => span.TotalMinutes >= 1 ? $"{span.TotalMinutes:0.#} minutes" : $"{span.TotalSeconds:0.#} seconds";
}
