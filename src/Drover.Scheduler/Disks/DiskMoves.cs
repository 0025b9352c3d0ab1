using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Requests;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Disks;

/// <summary>Moves a machine with its disks into another task on the same agent machine: how its CPUs and memory change, of which Mesos gives a running task no more.</summary>
/// <remarks>
/// The order of things: the wish and what may be kept are stored, the executor is told to keep the disks; its task ends, and the request is queued again, bound to that agent; the next
/// task takes the disks; once it runs, the server has its answer and the executor is told that nothing need be kept any more. The request keeps its place in the queue, so it is served before younger ones.
/// Whatever dies in between is followed by the same step again. If the next task cannot come up, another try follows, for ever: the disks are there, and a person may
/// ask for another size, or the old one, or have the machine removed.
/// </remarks>
internal sealed class DiskMoves(RequestBook book, SchedulerOptions options) : ICommandOwner
{
    private static readonly TimeSpan s_floor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_cap = TimeSpan.FromMinutes(1);

    public static IReadOnlyList<string> Events { get; } = ["physicalhost.resize", "physicalhost.resizestopped"];

    private TimeSpan Patience => options.ShutdownGrace + TimeSpan.FromSeconds(60);

    public bool Owns(string verb) => verb is MachineCommand.Vacate or MachineCommand.Settle;

    /// <summary>An event of <see cref="Events"/> arrived, perhaps not for the first time.</summary>
    public void Receive(CattleEvent e, Turn turn)
    {
        if (e.ResourceId is not { Length: > 0 } machineId)
        {
            return;
        }

        var reply = e.ReplyTo is { } replyTo ? new PendingReply(e.Id, replyTo) : null;
        var wish = new CattleResource(e.Data?["command"] as System.Text.Json.Nodes.JsonObject ?? []);
        if (wish.Text("id") is not { Length: > 0 } id || wish.Text("verb") != MachineCommand.Resize)
        {
            turn.Reply(machineId, reply, CattleReply.Failed("This scheduler does not know what is asked of the machine."));
        }
        else if (book.Find(machineId) is not { Spec: { } spec } request || request.State is RequestState.Gone or RequestState.Stopping || (request.State != RequestState.Running && request.Kept is null))
        {
            turn.Reply(machineId, reply, CattleReply.Failed("The machine does not run."));
        }
        else if (request.LastMove == id)
        {
            turn.Reply(machineId, reply, CattleReply.Done(MachineView.Fields(request)));
        }
        else if (request.Order?.Id == id)
        {
            turn.Put(request with { Order = request.Order with { Reply = reply ?? request.Order.Reply } });
        }
        else
        {
            var arguments = new CattleResource(wish.Object("arguments") ?? []);
            var wanted = spec with
            {
                MilliCpus = arguments.Number("milliCpus") is { } cpus ? (long)cpus : spec.MilliCpus,
                MemoryBytes = arguments.Number("memoryBytes") is { } memory ? (long)memory : spec.MemoryBytes,
            };
            Begin(request with { Order = new MachineOrder(id, MachineCommand.Resize, reply) { Wanted = wanted } }, turn);
        }
    }

    public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn)
    {
        if (request.Kept is not { } kept || request.State != RequestState.Running)
        {
            return;
        }

        if (!outcome.Ok && command.Deadline <= turn.Now)
        {
            // Nobody knows whether it was carried out; told again it does nothing twice.
            turn.Put(CommandDesk.Give(request, command.Command, Patience, turn.Now));
            return;
        }

        switch (command.Command.Verb, kept.Stage)
        {
            case (MachineCommand.Vacate, KeptStage.Leaving) when outcome.Ok:
                turn.Put(request with { Kept = kept with { Certain = true } });
                break;
            case (MachineCommand.Vacate, KeptStage.Leaving):
                turn.Reply(request.MachineId, request.Order?.Reply, CattleReply.Failed(outcome.Message ?? "The executor gave no reason."));
                turn.Put(request with { Kept = null, Order = null });
                break;
            case (MachineCommand.Settle, KeptStage.Back) when outcome.Ok:
                turn.Put(request with { Kept = null });
                break;
            case (MachineCommand.Settle, KeptStage.Back):
                Settle(request, turn);
                break;
        }
    }

    /// <summary>The machine runs: if it came back from kept disks, whoever waits has his answer.</summary>
    public void CameUp(string machineId, Turn turn)
    {
        if (book.Find(machineId) is not { State: RequestState.Running, Kept: { Stage: KeptStage.Away } kept } request)
        {
            return;
        }

        if (request.Order?.Wanted is { } wanted && !SameSize(wanted, request.Spec!))
        {
            // Another size was asked for while this one was on its way.
            Begin(request, turn);
            return;
        }

        if (request.Order is { } order)
        {
            turn.Reply(machineId, order.Reply, CattleReply.Done(MachineView.Fields(request)));
        }

        Settle(request with { Kept = kept with { Stage = KeptStage.Back }, Order = null, LastMove = request.Order?.Id ?? request.LastMove }, turn);
    }

    /// <summary>Whether the end of its task is not the machine's end.</summary>
    public static bool GoesOn(MachineRequest request, TaskStatus status) =>
        request is { Kept: { } kept, Discard: false, State: RequestState.Offered or RequestState.Launching or RequestState.Running }
        && (request.Report?.DisksMissing != true || (kept is { Certain: true, Stage: KeptStage.Away }))
        && (status.State != TaskState.TaskKilled || request.State != RequestState.Running);

    /// <summary>How the request waits for its next task, once its task is certainly over.</summary>
    public static MachineRequest Next(MachineRequest request, TaskStatus status, DateTimeOffset now)
    {
        var left = request.State == RequestState.Running;
        var vacated = left && request.Kept is { Stage: KeptStage.Leaving, Certain: true };
        var drops = vacated ? 0 : request.Drops + 1;
        var delay = s_floor * (1 << Math.Min(drops, 6)) is var d && d < s_cap ? d : s_cap;
        return request with
        {
            // What was told to be given up may be given up by now.
            Kept = request.Kept! with { Stage = KeptStage.Away, Certain = request.Kept.Certain && request.Kept.Stage != KeptStage.Back },
            Drops = drops,
            LastDrop = vacated ? null : status.Message is { Length: > 0 } why ? why : request.Report?.Message ?? status.State.ToString(),
            NotBefore = vacated ? null : now + delay,
        };
    }

    /// <summary>Whether a task that is on its way up is of no use any more.</summary>
    public static bool IsOutdated(MachineRequest request) =>
        request is { Kept: not null, Order.Wanted: { } wanted, Spec: { } spec, State: RequestState.Offered or RequestState.Launching } && !SameSize(wanted, spec);

    private void Begin(MachineRequest request, Turn turn)
    {
        switch (request.State)
        {
            case RequestState.Running:
                var command = new MachineCommand { Id = request.Order!.Id, Verb = MachineCommand.Vacate, TaskId = request.TaskId! };
                turn.Put(CommandDesk.Give(
                    request with { Kept = KeptDisks.At(request.Placement!, KeptStage.Leaving), Commands = [.. request.Commands.Where(c => c.Command.Verb != MachineCommand.Settle)] },
                    command, Patience, turn.Now));
                break;
            case RequestState.Queued:
                turn.Put(request with { Spec = request.Order!.Wanted, NotBefore = null, Drops = 0 });
                break;
            default:
                // Its task is killed, see TaskKiller, or comes up first.
                turn.Put(request);
                break;
        }
    }

    private void Settle(MachineRequest request, Turn turn) => turn.Put(CommandDesk.Give(
        request, new MachineCommand { Id = $"settle-{Guid.NewGuid():N}", Verb = MachineCommand.Settle, TaskId = request.TaskId! }, Patience, turn.Now));

    private static bool SameSize(MachineSpec one, MachineSpec other) => one.MilliCpus == other.MilliCpus && one.MemoryBytes == other.MemoryBytes;
}
