using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tasks;

/// <summary>Kills what has to go, again and again until Mesos says that it is gone: a KILL may be lost on every hop (mesos-v1-api §3.10).</summary>
/// <remarks>Its only memory is when it last tried. What has to go is told by the requests that are stopping and by the stray tasks.</remarks>
internal sealed class TaskKiller(RequestBook book, PoolBook pool, StrayTasks strays, SchedulerOptions options)
{
    private static readonly TimeSpan s_floor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_cap = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, (int Tries, DateTimeOffset Next)> _tries = new(StringComparer.Ordinal);

    /// <summary>When to be called again; null when there is nothing to kill.</summary>
    public DateTimeOffset? NextDue { get; private set; }

    /// <summary>A new session: what was sent in the old one may be lost.</summary>
    public void Restart() => _tries.Clear();

    /// <summary>Sends the kills that are due, and lets go of those whose agent has been lost for too long.</summary>
    public void Act(bool connected, bool warm, Turn turn)
    {
        NextDue = null;
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var request in book.WithTask.Where(r => r.State == RequestState.Stopping).ToList())
        {
            if (request.LostSince is { } since && Due(since + options.AbandonAfter, turn.Now))
            {
                RequestEnd.Removed(request, RequestEvent.Abandoned, turn);
                continue;
            }

            wanted.Add(request.TaskId!);
            Try(connected, request.TaskId!, request.Placement!.AgentId, options.ShutdownGrace, turn);
        }

        foreach (var request in book.WithTask.Where(r => r is { Claim.Failed: not null, State: RequestState.Offered or RequestState.Launching }))
        {
            wanted.Add(request.TaskId!);
            Try(connected, request.TaskId!, request.Placement!.AgentId, TimeSpan.Zero, turn);
        }

        foreach (var request in book.WithTask.Where(DiskMoves.IsOutdated))
        {
            wanted.Add(request.TaskId!);
            Try(connected, request.TaskId!, request.Placement!.AgentId, TimeSpan.Zero, turn);
        }

        foreach (var member in pool.WithTask.Where(m => m.State == PoolState.Stopping))
        {
            wanted.Add(member.TaskId);
            Try(connected, member.TaskId, member.AgentId, TimeSpan.Zero, turn);
        }

        foreach (var (taskId, agentId) in strays.Alive)
        {
            wanted.Add(taskId);
            Try(connected && warm, taskId, agentId, options.ShutdownGrace, turn);
        }

        foreach (var taskId in _tries.Keys.Where(id => !wanted.Contains(id)).ToList())
        {
            _tries.Remove(taskId);
        }
    }

    private void Try(bool possible, string taskId, string agentId, TimeSpan grace, Turn turn)
    {
        if (!possible)
        {
            return;
        }

        var (tries, next) = _tries.GetValueOrDefault(taskId, (0, turn.Now));
        if (Due(next, turn.Now))
        {
            var delay = s_floor * (1 << Math.Min(tries, 4)) is var d && d < s_cap ? d : s_cap;
            _tries[taskId] = (tries + 1, turn.Now + delay);
            Due(turn.Now + delay, turn.Now);
            turn.Call(new Call
            {
                Type = Call.Types.Type.Kill,
                Kill = new Call.Types.Kill
                {
                    TaskId = new TaskID { Value = taskId },
                    AgentId = new AgentID { Value = agentId },
                    KillPolicy = new KillPolicy { GracePeriod = new DurationInfo { Nanoseconds = (long)grace.TotalNanoseconds } },
                },
            });
        }
    }

    private bool Due(DateTimeOffset at, DateTimeOffset now)
    {
        if (at <= now)
        {
            return true;
        }

        NextDue = NextDue is { } due && due < at ? due : at;
        return false;
    }
}
