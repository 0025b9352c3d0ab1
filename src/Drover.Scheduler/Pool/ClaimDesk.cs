using Drover.Api.Machines;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Pool;

/// <summary>A spare that a request has taken, or tries to.</summary>
internal sealed record Claim
{
    /// <summary>The spare's task: the machine's from now on.</summary>
    public required string TaskId { get; init; }

    /// <summary>The spare's executor has answered that it is the machine now.</summary>
    public bool Accepted { get; init; }

    /// <summary>Why it came to nothing. The task is being killed; only when it is certainly gone is the machine launched in the ordinary way, because a command
    /// that was not answered may have been carried out.</summary>
    public string? Failed { get; init; }
}

/// <summary>Gives waiting machines a spare that is ready, instead of an offer.</summary>
/// <remarks>
/// One turn stores all of it: the member is claimed, the request is placed on the member's task, and the command is pending. Then the command is sent until it is
/// answered (<see cref="CommandDesk"/>). A claim that fails costs the spare, and the machine is launched as if there had been none.
/// </remarks>
internal sealed partial class ClaimDesk(PoolBook pool, RequestBook book, TaskBuilder builder, TimeSpan patience, ILogger logger) : ICommandOwner
{
    public bool Owns(string verb) => verb == MachineCommand.Claim;

    /// <param name="ready">Requests that could be launched now, in order.</param>
    public void Act(IReadOnlyList<MachineRequest> ready, Turn turn)
    {
        var spares = ready.Count == 0 ? [] : pool.WithTask.Where(m => m is { Kind: PoolKind.Spare, State: PoolState.Ready, LostSince: null }).ToList();
        if (spares.Count == 0)
        {
            return;
        }

        var usage = new PlacementUsage(book.WithTask.Select(r => r.Placed()).OfType<PlacedMachine>());
        foreach (var request in ready)
        {
            if (Choose(request, spares, usage) is { } spare)
            {
                spares.Remove(spare);
                Begin(request, spare, turn);
                usage.Add(new PlacedMachine(request.EnvironmentId, spare.AgentId, spare.Placement.Attributes));
            }
        }
    }

    public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn)
    {
        if (request.Claim is not { } claim || claim.TaskId != command.Command.TaskId || request.State is not (RequestState.Offered or RequestState.Launching))
        {
            return;
        }

        if (!outcome.Ok)
        {
            LogFailed(request.MachineId, claim.TaskId, outcome.Message);
        }

        turn.Put(request with { Claim = outcome.Ok ? claim with { Accepted = true } : claim with { Failed = outcome.Message ?? "The executor refused." } });
    }

    private PoolMember? Choose(MachineRequest request, List<PoolMember> spares, PlacementUsage usage)
    {
        if (request.NoClaim || request.Kept is not null || request.Spec is not { StartFrom: not "cold" } spec || book.Prepared(request.MachineId) is not { } preparation
            || PoolClass.Of(spec, preparation.Image) is not { } of || !IsPlain(builder.Machine(request, preparation)) || book.Need(request) is not { } need)
        {
            return null;
        }

        return spares.Where(s => s.Class.Serves(of) && PlacementExplainer.Misfits(need with { Amounts = default }, [PlaceOf(s)], usage).Count == 0)
            .OrderBy(s => usage.OnAgent(s.AgentId)).ThenBy(s => s.Class.DiskBytes).ThenBy(s => s.CreatedAt).ThenBy(s => s.Id, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private void Begin(MachineRequest request, PoolMember spare, Turn turn)
    {
        var claimed = request.After(RequestEvent.Placed, turn.Now) with
        {
            Attempt = request.Attempt + 1,
            OfferedAt = turn.Now,
            NotBefore = null,
            Placement = spare.Placement,
            Class = spare.Class,
            Claim = new Claim { TaskId = spare.TaskId },
            Task = null,
            Report = null,
            FirstWordAt = null,

            // The executor has spoken before; a status that says otherwise is to be doubted.
            Confirmed = true,
        };
        var task = builder.Machine(request, book.Prepared(request.MachineId)!) with { DiskBytes = spare.Class.DiskBytes };
        var command = new MachineCommand { Id = $"claim-{request.MachineId}-{claimed.Attempt}", Verb = MachineCommand.Claim, TaskId = spare.TaskId, Task = task };

        // The member first: two owners of one task would be one too many.
        turn.Put(spare.After(PoolEvent.Claimed, turn.Now, $"Taken by {request.Name}.") with { ClaimedBy = request.MachineId });
        turn.Put(CommandDesk.Give(claimed, command, patience, turn.Now));
        LogClaim(request.MachineId, spare.TaskId, spare.Placement.Hostname);
    }

    /// <summary>Nothing about it had to be known before its QEMU was started.</summary>
    private static bool IsPlain(MachineTask task) => task is { UserData: null, Limits: null, Disks.Count: 0 };

    private static Place PlaceOf(PoolMember member) => new()
    {
        AgentId = member.AgentId,
        Hostname = member.Placement.Hostname,
        Attributes = member.Placement.Attributes,
        Free = default,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {MachineId}: claiming spare {TaskId} on {Hostname}")]
    private partial void LogClaim(string machineId, string taskId, string hostname);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Machine {MachineId}: spare {TaskId} could not be claimed, launching instead: {Problem}")]
    private partial void LogFailed(string machineId, string taskId, string? problem);
}
