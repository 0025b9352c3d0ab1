using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Commands;

/// <summary>What a person asks of a running machine, while the server waits for the answer. Part of the request, stored with the command itself.</summary>
/// <param name="Id">The command's; the same however often the server sends the event.</param>
internal sealed record MachineOrder(string Id, string Verb, PendingReply? Reply)
{
    /// <summary>With a resize: what the machine's next task is to have.</summary>
    public MachineSpec? Wanted { get; init; }
}

/// <summary>Takes the server's wishes about running machines (stop, reboot, snapshot, …) as commands to their executors, and answers with the outcomes.</summary>
/// <remarks>The server has one wish of a machine at a time; a newer one means that it has given the older up.</remarks>
internal sealed class MachineOrders(RequestBook book, SchedulerOptions options) : ICommandOwner
{
    private static readonly string[] s_verbs =
    [
        MachineCommand.Stop, MachineCommand.Start, MachineCommand.Reboot, MachineCommand.Resize, MachineCommand.Limit,
        MachineCommand.Snapshot, MachineCommand.Restore, MachineCommand.RemoveSnapshot, MachineCommand.Forward, MachineCommand.Check,
    ];

    /// <summary>Fields of the machine that an executor may tell.</summary>
    private static readonly string[] s_fields = ["snapshots", "limits", "ports", "check"];

    /// <summary>The server's processes that carry a wish.</summary>
    public static IReadOnlyList<string> Events { get; } =
        ["physicalhost.stop", "physicalhost.start", "physicalhost.reboot", "physicalhost.update", "physicalhost.updatestopped"];

    /// <summary>Time for what takes longest: a shutdown and a start, under emulation.</summary>
    private TimeSpan Patience => options.ShutdownGrace + TimeSpan.FromSeconds(60 + options.StageTimeouts.BootSeconds + options.StageTimeouts.DockerSeconds + options.StageTimeouts.RegisterSeconds);

    public bool Owns(string verb) => s_verbs.Contains(verb, StringComparer.Ordinal);

    /// <summary>An event of <see cref="Events"/> arrived, perhaps not for the first time.</summary>
    public void Receive(CattleEvent e, Turn turn)
    {
        if (e.ResourceId is not { Length: > 0 } machineId)
        {
            return;
        }

        var reply = e.ReplyTo is { } replyTo ? new PendingReply(e.Id, replyTo) : null;
        var wish = new CattleResource(e.Data?["command"] as JsonObject ?? []);
        var (id, verb) = (wish.Text("id"), wish.Text("verb"));
        if (id is not { Length: > 0 } || verb is null || !Owns(verb))
        {
            turn.Reply(machineId, reply, CattleReply.Failed($"This scheduler does not know what '{verb ?? e.BaseName}' asks of a machine."));
        }
        else if (book.Find(machineId) is not { State: RequestState.Running } request)
        {
            turn.Reply(machineId, reply, CattleReply.Failed("The machine does not run."));
        }
        else if (request.Kept is { Stage: not Disks.KeptStage.Back })
        {
            turn.Reply(machineId, reply, CattleReply.Failed("The machine is being resized."));
        }
        else if (request.Order?.Id == id)
        {
            turn.Put(request with { Order = request.Order with { Reply = reply ?? request.Order.Reply } });
        }
        else if (request.Report?.Outcomes.FirstOrDefault(o => o.Id == id) is { } outcome)
        {
            turn.Reply(machineId, reply, Answer(outcome));
        }
        else
        {
            var command = new MachineCommand { Id = id, Verb = verb, TaskId = request.TaskId!, Arguments = wish.Object("arguments")?.DeepClone() as JsonObject };
            turn.Put(CommandDesk.Give(request, command, Patience, turn.Now) with { Order = new MachineOrder(id, verb, reply) });
        }
    }

    public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn)
    {
        if (request.Order is { } order && order.Id == command.Command.Id)
        {
            turn.Reply(request.MachineId, order.Reply, Answer(outcome));
            turn.Put(request with { Order = null });
        }
    }

    /// <summary>What is shown while it is carried out.</summary>
    public static string Sentence(string verb) => verb switch
    {
        MachineCommand.Stop => "The guest shuts down",
        MachineCommand.Start => "The machine starts",
        MachineCommand.Reboot => "The machine restarts",
        MachineCommand.Vacate => "The guest shuts down, to start again with its new size",
        MachineCommand.Resize => "The disk grows",
        MachineCommand.Limit => "The limits are set",
        MachineCommand.Forward => "The ports are opened",
        MachineCommand.Check => "A container is run to its end",
        MachineCommand.Snapshot => "The disk is kept in a snapshot",
        MachineCommand.Restore => "The disk is brought back to a snapshot",
        _ => "The snapshot is removed",
    };

    private static CattleReply Answer(CommandOutcome outcome)
    {
        var fields = new JsonObject(s_fields.Where(f => outcome.Data?[f] is not null).Select(f => KeyValuePair.Create(f, outcome.Data![f]?.DeepClone())));
        var data = fields.Count == 0 ? null : new JsonObject { ["+data"] = new JsonObject { ["+fields"] = fields } };
        return outcome.Ok ? CattleReply.Done(data) : CattleReply.Failed(outcome.Message ?? "The executor gave no reason.", data);
    }
}
