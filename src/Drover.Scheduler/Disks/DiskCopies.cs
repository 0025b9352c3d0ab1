using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Disks;

/// <summary>Has the disks of a machine copied for one that was asked for as its copy; it then starts from them on the same agent machine.</summary>
/// <remarks>That a copy may be there is stored on the new machine's request together with the command for the source's executor. A source that ends before it has answered fails the copy.</remarks>
internal sealed class DiskCopies(RequestBook book, TimeSpan patience) : ICommandOwner
{
    private const string Prefix = "copy-";

    public bool Owns(string verb) => verb == MachineCommand.Copy;

    public void Act(Turn turn)
    {
        foreach (var request in book.Queue.Where(r => r is { Spec.CopyOf: not null, Discard: false } && r.Kept is null or { Stage: KeptStage.Copying }).ToList())
        {
            var source = book.Find(request.Spec!.CopyOf!);
            if (request.Kept is null)
            {
                Begin(request, source, turn);
            }
            else if (source is null || source.Commands.All(c => c.Command.Id != IdOf(request)))
            {
                Fail(request, "The machine ended before its disk was copied.", turn);
            }
        }
    }

    public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn)
    {
        if (!command.Command.Id.StartsWith(Prefix, StringComparison.Ordinal) || book.Find(command.Command.Id[Prefix.Length..]) is not { Kept.Stage: KeptStage.Copying } copy)
        {
            return;
        }

        if (outcome.Ok || copy.Discard)
        {
            turn.Put(copy with { Kept = copy.Kept with { Stage = KeptStage.Away, Certain = outcome.Ok } });
        }
        else
        {
            Fail(copy, outcome.Message ?? "The executor gave no reason.", turn);
        }
    }

    private void Begin(MachineRequest request, MachineRequest? source, Turn turn)
    {
        if (source is not { State: RequestState.Running, Placement: { } placement, Kept: null or { Stage: KeptStage.Back } })
        {
            Fail(request, "The machine that was to be copied does not run now. It has to be active or stopped.", turn);
            return;
        }

        if (source.Order is not null || source.Commands.Any(c => c.Command.Verb == MachineCommand.Copy))
        {
            // One thing at a time is done with a machine.
            turn.Note(request.MachineId, $"Waiting until {source.Name} can be copied: something else is done with it.");
            return;
        }

        var command = new MachineCommand
        {
            Id = IdOf(request),
            Verb = MachineCommand.Copy,
            TaskId = source.TaskId!,
            Arguments = new JsonObject { ["to"] = request.ExternalId, ["machineId"] = request.MachineId, ["name"] = request.Name },
        };
        turn.Put(request with { Kept = KeptDisks.At(placement, KeptStage.Copying), Hindrance = null });
        turn.Put(CommandDesk.Give(source, command, patience, turn.Now));
        turn.Note(request.MachineId, $"The disk of {source.Name} is copied on {placement.Hostname}.");
    }

    /// <summary>Nothing is left of a copy that failed, but nobody can be sure of one that was not answered: the removal looks.</summary>
    private static void Fail(MachineRequest request, string cause, Turn turn) =>
        RequestEnd.Fail(request with { Kept = request.Kept is { } kept ? kept with { Stage = KeptStage.Away } : null }, RequestEvent.Refused, new MachineFailure(MachineStage.Queue, cause, []), turn);

    private static string IdOf(MachineRequest request) => Prefix + request.MachineId;
}
