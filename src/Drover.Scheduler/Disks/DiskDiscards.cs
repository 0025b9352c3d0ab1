using Drover.Api.Cattle;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Disks;

/// <summary>Removes what is kept of a machine that has no task any more: by a task of kind discard on that agent machine.</summary>
/// <remarks>The server waits for it, but not for ever: an agent machine that is away or full is answered for after a while, and looked for further on.</remarks>
internal sealed class DiskDiscards(RequestBook book, SchedulerOptions options)
{
    /// <summary>An agent machine that was not there for so long is not expected back.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>Nothing of the machine runs. False when nothing is kept of it either.</summary>
    public static bool TryBegin(MachineRequest request, PendingReply? remove, Turn turn)
    {
        if (request.Kept is null)
        {
            return false;
        }

        turn.Put(request.After(RequestEvent.Discard, turn.Now).WithoutAttempt() with
        {
            Discard = true,
            Remove = remove ?? request.Remove,
            Create = null,
            Bootstrap = null,
            Order = null,
            Failure = null,
            Hindrance = null,
            Address = null,
            Spec = new MachineSpec { MilliCpus = 0, MemoryBytes = 0, DiskBytes = 0 },
            Kept = request.Kept.Stage == KeptStage.Copying ? request.Kept : request.Kept with { Stage = KeptStage.Away },
            Drops = 0,
            NotBefore = null,
            ChangedAt = turn.Now,
        });
        turn.Prepare(request.MachineId);
        return true;
    }

    /// <summary>A task was there: nothing is kept any more.</summary>
    public static void Done(MachineRequest request, Turn turn)
    {
        turn.Reply(request.MachineId, request.Remove, CattleReply.Done());
        turn.Put(request.After(RequestEvent.Ended, turn.Now) with { Remove = null, Kept = null, Discard = false });
    }

    public void Act(Turn turn)
    {
        foreach (var request in book.Queue.Where(r => r.Discard).ToList())
        {
            if (request.Remove is not null && turn.Now - request.ChangedAt > options.AbandonAfter)
            {
                turn.Reply(request.MachineId, request.Remove, CattleReply.Done());
                turn.Put(request with { Remove = null });
            }

            if (turn.Now - request.ChangedAt > s_longest)
            {
                turn.Put(request.After(RequestEvent.Abandoned, turn.Now) with { Kept = null, Discard = false });
            }
        }
    }
}
