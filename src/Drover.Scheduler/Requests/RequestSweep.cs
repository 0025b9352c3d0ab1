using Drover.Scheduler.Cattle;

namespace Drover.Scheduler.Requests;

/// <summary>Brings the requests in line with what the server lists, and forgets old tombstones.</summary>
/// <remarks>Now: the requests. Wanted: one for every machine that is being created, none that runs for a machine that is gone. It may take requests in,
/// remove them and forget those that ended; it never answers for the server's events, which come again by themselves.</remarks>
internal sealed class RequestSweep(RequestBook book, RequestIntake intake)
{
    private static readonly TimeSpan s_tombstone = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);
    private DateTimeOffset _last = DateTimeOffset.MinValue;

    public void Listed(IReadOnlyDictionary<string, string?> states, Turn turn)
    {
        foreach (var (machineId, state) in states)
        {
            var request = book.Find(machineId);
            if (MachineLoader.IsGone(state))
            {
                if (request is { State: RequestState.Gone, Kept: null } && state is not "removing")
                {
                    turn.Forget(machineId);
                }
                else if (request is not null && request.State != RequestState.Stopping)
                {
                    intake.Remove(machineId, null, turn);
                }
            }
            else if (request is null && state is "creating" or "bootstrapping")
            {
                intake.Wanted(machineId, null, null, turn);
            }
        }
    }

    public void Act(Turn turn)
    {
        if (turn.Now - _last < s_period)
        {
            return;
        }

        _last = turn.Now;
        foreach (var request in book.All.Values.Where(r => r is { State: RequestState.Gone, Failure: null } && turn.Now - r.ChangedAt > s_tombstone).ToList())
        {
            turn.Forget(request.MachineId);
        }
    }
}
