using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Tasks;

namespace Drover.Scheduler.Reconciliation;

/// <summary>Asks the master what became of our tasks (mesos-v1-api §5.5): first by name, with growing delays until every task was heard of,
/// then once for everything that it has of ours.</summary>
/// <remarks>
/// Now: the tasks of machines and of the pool that may exist. Wanted: a status of each that is younger than the start of the round. It changes nothing itself;
/// the answers come as ordinary statuses. No answer means "not yet" (agents are still coming back), never "lost".
/// <code>
/// idle → explicit (5 s, 10 s … 5 min) → implicit (settles for 5 s) → idle, again after 12 min
/// </code>
/// </remarks>
internal sealed class TaskReconciler(OwnedTasks owned)
{
    private const int BatchSize = 1000;
    private static readonly TimeSpan s_floor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_cap = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(12);

    /// <summary>A launch of which nothing was heard for so long is asked for.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> _remaining = new(StringComparer.Ordinal);
    private Phase _phase = Phase.Off;
    private TimeSpan _delay;
    private DateTimeOffset _silenceAsked = DateTimeOffset.MinValue;

    private enum Phase
    {
        Off,
        Explicit,
        Implicit,
        Idle,
    }

    public DateTimeOffset? NextDue { get; private set; }

    /// <summary>The first whole round with this master is through: what no request owns may be killed.</summary>
    public bool IsWarm { get; private set; }

    public void Connected(Turn turn)
    {
        IsWarm = false;
        Begin(turn);
    }

    public void Disconnected()
    {
        _phase = Phase.Off;
        IsWarm = false;
        NextDue = null;
    }

    /// <summary>Any status of a task answers for it.</summary>
    public void Heard(string taskId) => _remaining.Remove(taskId);

    /// <summary>Asks for one task out of turn.</summary>
    public void Ask(string taskId, Turn turn)
    {
        if (owned.Find(taskId) is { } task)
        {
            Send([task], turn);
        }
    }

    public void Act(Turn turn)
    {
        if (_phase == Phase.Off)
        {
            return;
        }

        AskForSilentLaunches(turn);
        if (NextDue is { } due && due <= turn.Now)
        {
            switch (_phase)
            {
                case Phase.Explicit:
                    Explicit(turn);
                    break;
                case Phase.Implicit:
                    IsWarm = true;
                    _phase = Phase.Idle;
                    NextDue = turn.Now + (s_period * (0.9 + (0.2 * Random.Shared.NextDouble())));
                    break;
                default:
                    Begin(turn);
                    break;
            }
        }
    }

    private void Begin(Turn turn)
    {
        _remaining.Clear();
        _remaining.UnionWith(owned.All.Select(t => t.TaskId));
        _delay = s_floor;
        _phase = Phase.Explicit;
        Explicit(turn);
    }

    private void Explicit(Turn turn)
    {
        var tasks = _remaining.Select(owned.Find).OfType<OwnedTask>().ToList();
        if (tasks.Count == 0)
        {
            _phase = Phase.Implicit;
            turn.Call(new Call { Type = Call.Types.Type.Reconcile, Reconcile = new Call.Types.Reconcile() });
            NextDue = turn.Now + s_settle;
            return;
        }

        Send(tasks, turn);
        NextDue = turn.Now + _delay;
        _delay = _delay * 2 < s_cap ? _delay * 2 : s_cap;
    }

    private void AskForSilentLaunches(Turn turn)
    {
        if (_phase != Phase.Explicit && turn.Now - _silenceAsked >= s_silence)
        {
            var silent = owned.All.Where(t => turn.Now - t.SentAt >= s_silence).ToList();
            if (silent.Count > 0)
            {
                _silenceAsked = turn.Now;
                Send(silent, turn);
            }
        }
    }

    /// <remarks>Never an empty batch: the master takes that for "everything".</remarks>
    private static void Send(List<OwnedTask> tasks, Turn turn)
    {
        foreach (var batch in tasks.Chunk(BatchSize))
        {
            var call = new Call { Type = Call.Types.Type.Reconcile, Reconcile = new Call.Types.Reconcile() };
            call.Reconcile.Tasks.AddRange(batch.Select(t => new Call.Types.Reconcile.Types.Task
            {
                TaskId = new TaskID { Value = t.TaskId },
                AgentId = new AgentID { Value = t.AgentId },
            }));
            turn.Call(call);
        }
    }
}
