using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Disks;

namespace Drover.Scheduler.Requests;

/// <summary>Takes the server's wishes into the queue: stores first, works later. Idempotent by machine.</summary>
internal sealed class RequestIntake(RequestBook book)
{
    public const string CreateEvent = "physicalhost.create";
    public const string BootstrapEvent = "physicalhost.bootstrap";
    public const string RemoveEvent = "physicalhost.remove";

    /// <summary>An event of the server arrived, perhaps not for the first time.</summary>
    public void Receive(CattleEvent e, Turn turn)
    {
        if (e.ResourceId is not { Length: > 0 } machineId)
        {
            return;
        }

        var pending = e.ReplyTo is { } replyTo ? new PendingReply(e.Id, replyTo) : null;
        switch (e.BaseName)
        {
            case CreateEvent:
                Wanted(machineId, pending, null, turn);
                break;
            case BootstrapEvent:
                Wanted(machineId, null, pending, turn);
                break;
            case RemoveEvent:
                Remove(machineId, pending, turn);
                break;
        }
    }

    /// <summary>A machine that the server lists as being created, of which no event arrived yet.</summary>
    public void Wanted(string machineId, PendingReply? create, PendingReply? bootstrap, Turn turn)
    {
        var request = book.Find(machineId);
        switch (request?.State)
        {
            case null:
                turn.Put(new MachineRequest
                {
                    MachineId = machineId,
                    State = RequestState.Queued,
                    Sequence = book.NextSequence(),
                    ReceivedAt = turn.Now,
                    ChangedAt = turn.Now,
                    Create = create,
                    Bootstrap = bootstrap,
                });
                turn.Prepare(machineId);
                break;
            case RequestState.Queued or RequestState.Offered or RequestState.Launching:
                turn.Put(request with { Create = create ?? request.Create, Bootstrap = bootstrap ?? request.Bootstrap });
                break;
            case RequestState.Running:
                Answer(machineId, create ?? bootstrap, CattleReply.Done(MachineView.Fields(request)), turn);
                break;
            case RequestState.Gone when request.Failure is { } failure:
                Answer(machineId, create ?? bootstrap, CattleReply.Failed(failure.Cause, MachineView.Fields(request)), turn);
                break;
            default:
                // Being removed, or removed: a create that comes now is a stale one.
                Answer(machineId, create ?? bootstrap, CattleReply.Done(), turn);
                break;
        }
    }

    /// <summary>The machine shall go, from whatever state.</summary>
    public void Remove(string machineId, PendingReply? pending, Turn turn)
    {
        if (book.Find(machineId) is not { } request)
        {
            Answer(machineId, pending, CattleReply.Done(), turn);
            return;
        }

        if (request.Discard)
        {
            turn.Put(request with { Remove = pending ?? request.Remove });
            return;
        }

        // Whoever still waits for the machine to come must not hold up its removal.
        Answer(machineId, request.Create, CattleReply.Done(), turn);
        Answer(machineId, request.Bootstrap, CattleReply.Done(), turn);
        Answer(machineId, request.Order?.Reply, CattleReply.Done(), turn);
        if (!RequestLifecycle.HasTask(request.State) && DiskDiscards.TryBegin(request, pending, turn))
        {
            return;
        }

        var next = request.After(RequestEvent.Remove, turn.Now) with { Create = null, Bootstrap = null, Commands = [] };
        if (next.State == RequestState.Gone)
        {
            Answer(machineId, pending, CattleReply.Done(), turn);
            turn.Put(next with { Remove = null, Failure = null });
        }
        else
        {
            turn.Put(next with { Remove = pending ?? request.Remove });
        }
    }

    /// <summary>The machine was read from the server.</summary>
    public void Loaded(string machineId, MachineLoad load, Turn turn)
    {
        if (book.Find(machineId) is not { State: RequestState.Queued } request)
        {
            return;
        }

        switch (load)
        {
            case MachineLoad.Ready ready:
                // Of a machine that moves the server knows the old size until it has moved.
                var spec = request is { Kept: not null, Attempt: > 0 } ? ready.Spec with { MilliCpus = request.Spec!.MilliCpus, MemoryBytes = request.Spec.MemoryBytes } : ready.Spec;
                turn.Put(request with { ExternalId = ready.ExternalId, EnvironmentId = ready.EnvironmentId, Name = ready.Name, Spec = spec });
                book.Prepare(machineId, ready.Preparation);
                break;
            case MachineLoad.Discarding discarding when request.Discard:
                book.Prepare(machineId, discarding.Preparation);
                break;
            case MachineLoad.NotWanted when request.Kept is not null:
                // The server says what it wants by an event.
                break;
            case MachineLoad.Invalid invalid when request.Kept is not null:
                turn.Note(machineId, invalid.Cause);
                break;
            case MachineLoad.NotWanted:
                Answer(machineId, request.Create, CattleReply.Done(), turn);
                Answer(machineId, request.Bootstrap, CattleReply.Done(), turn);
                turn.Put(request.After(RequestEvent.Refused, turn.Now) with { Create = null, Bootstrap = null });
                break;
            case MachineLoad.Invalid invalid:
                RequestEnd.Fail(request, RequestEvent.Refused, new MachineFailure(MachineStage.Queue, invalid.Cause, []), turn);
                break;
            case MachineLoad.Unavailable unavailable:
                turn.Note(machineId, unavailable.Why);
                break;
        }
    }

    private static void Answer(string machineId, PendingReply? to, CattleReply reply, Turn turn) => turn.Reply(machineId, to, reply);
}
