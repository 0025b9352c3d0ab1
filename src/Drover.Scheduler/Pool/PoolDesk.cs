using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Pool;

/// <summary>Keeps the pool as the settings want it: plans, finds room when nobody else wants it, gives way when somebody does.</summary>
/// <remarks>Everything here is in the background: a member is started only while no machine waits, one spare and one template at a time on an agent machine,
/// and not beside a machine that is on its way up there.</remarks>
internal sealed partial class PoolDesk
{
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(1);

    /// <summary>What an agent has free was offered by then, if it is not taken: a Mesos master allocates each second, one under load more seldom.</summary>
    private static readonly TimeSpan s_offered = TimeSpan.FromSeconds(10);

    /// <summary>A spare that comes up takes processors from the machine that was just asked for, and from those that ask for more.</summary>
    private static readonly TimeSpan s_afterAsk = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_noRoom = TimeSpan.FromMinutes(1);

    /// <summary>A template that was given up is forgotten after this, and tried again when a machine misses it.</summary>
    private static readonly TimeSpan s_tombstone = TimeSpan.FromHours(1);

    private readonly PoolBook _pool;
    private readonly RequestBook _book;
    private readonly AgentMemory _memory;
    private readonly PoolBackoff _backoff;
    private readonly PoolDemand _demand = new();
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly MachineSpec _standard;
    private readonly TimeSpan _abandonAfter;
    private readonly ILogger _logger;
    private DateTimeOffset _planned = DateTimeOffset.MinValue;

    public PoolDesk(PoolBook pool, RequestBook book, AgentMemory memory, PoolBackoff backoff, SchedulerOptions options, DateTimeOffset now, ILogger logger)
    {
        (_pool, _book, _memory, _backoff, _logger) = (pool, book, memory, backoff, logger);
        _abandonAfter = options.AbandonAfter;
        _standard = MachineSpecReader.Read(new([]), out _)!;
        foreach (var spare in pool.All.Values.Where(m => m.Kind == PoolKind.Spare))
        {
            // So that a restart does not throw away what the demand before it had called for.
            _demand.Add(new PoolAsk(now, spare.Class));
        }
    }

    /// <summary>Null until the server, or the lack of one that knows of pools, has told.</summary>
    public PoolSettings? Settings { get; set; }

    public PoolSupplies Supplies { get; } = new();

    /// <summary>When to be called again; null when there is nothing to plan.</summary>
    public DateTimeOffset? NextDue => Settings is null ? null : _planned + s_pace;

    /// <summary>A machine was asked for that could have been a copy or a spare.</summary>
    public void Asked(string machineId, MachineSpec spec, Preparation preparation, DateTimeOffset now)
    {
        Supplies.Learn(spec.Image, new PoolSupply(preparation.Image, preparation.Programs), now);
        if (spec.StartFrom != "cold" && PoolClass.Of(spec, preparation.Image) is { } of && _asked.Add(machineId))
        {
            _demand.Add(new PoolAsk(now, of));
        }
    }

    /// <summary>Members that could be started now, given an offer of their agent; something that is no member when the agents have to be seen first.</summary>
    public IReadOnlyList<string> Startable(DateTimeOffset now)
    {
        if (Settings is null || _book.QueueLength > 0)
        {
            return [];
        }

        if (Settings.WantsSpares && Supplies.Find(_standard.Image) is not null && _memory.Known(now).Count == 0)
        {
            return ["pool"];
        }

        var busy = Busy();
        return [.. _pool.All.Values.Where(m => CanStart(m, busy, now)).Select(m => $"pool:{m.Id}")];
    }

    /// <summary>Members to be started on what is left of the offered places, each with the number of its place.</summary>
    public IReadOnlyList<(PoolMember Member, PoolSupply Supply, int Place)> Choose(IReadOnlyList<Place> places, IReadOnlyList<Amounts> left, Turn turn)
    {
        if (Settings is null || _book.QueueLength > 0)
        {
            return [];
        }

        var busy = Busy();
        var planned = _pool.All.Values.Where(m => CanStart(m, busy, turn.Now)).ToLookup(m => m.AgentId, StringComparer.Ordinal);
        var chosen = new List<(PoolMember, PoolSupply, int)>();
        for (var i = 0; i < places.Count && planned.Count > 0; i++)
        {
            var free = left[i];
            foreach (var member in planned[places[i].AgentId].GroupBy(m => m.Kind).Select(g => g.OrderBy(m => m.CreatedAt).First()))
            {
                var need = member.Amounts;
                if (!free.Covers(need))
                {
                    turn.Put(member with { NotBefore = turn.Now + s_noRoom, Why = $"No room on {places[i].Hostname}: it needs {need}." });
                }
                else if (Supplies.Find(member.Class.Image) is { } supply && supply.Image.Digest == member.Class.Digest)
                {
                    free -= need;
                    chosen.Add((member, supply, i));
                }
            }
        }

        return chosen;
    }

    /// <summary>Tidies up, and brings the members in line with what is wanted.</summary>
    public void Act(Turn turn)
    {
        Tidy(turn);
        if (Settings is not { } settings || turn.Now - _planned < s_pace)
        {
            return;
        }

        _planned = turn.Now;
        Supplies.Refresh([.. settings.WantsSpares || settings.Templates ? new[] { _standard.Image } : [], .. _pool.All.Values.Select(m => m.Class.Image)], turn);
        var standard = Supplies.Find(_standard.Image) is { } supply ? PoolClass.Of(_standard with { Network = settings.Network }, supply.Image) : null;
        var asks = _demand.Since(turn.Now);
        var calmAt = asks.Count == 0 ? turn.Now : asks.Max(ask => ask.At) + s_afterAsk;
        var steps = PoolPlanner.Plan(new PoolSight
        {
            Now = turn.Now,
            Settings = settings,
            Agents = [.. _memory.Known(turn.Now).DistinctBy(p => p.AgentId).Select(p => new TaskPlacement { AgentId = p.AgentId, Hostname = p.Hostname, Attributes = p.Attributes })],
            Members = [.. _pool.All.Values],
            Asks = asks,
            Standard = standard,
            Digests = Supplies.Digests,
            BacksOff = (agent, of) => _backoff.BacksOff(agent, of, turn.Now),
        });
        foreach (var step in steps)
        {
            switch (step)
            {
                case PoolStep.Add add:
                    var planned = PoolMember.Planned(add.Kind, add.Class, add.Agent, turn.Now, add.Why);
                    turn.Put(add.Kind == PoolKind.Spare && calmAt > turn.Now ? planned with { NotBefore = calmAt } : planned);
                    break;
                case PoolStep.Stop stop:
                    Stop(stop.Member, stop.Why, turn);
                    break;
            }
        }
    }

    /// <summary>Lets members go that are in the way of machines which were not placed.</summary>
    /// <param name="revived">When all agents were last asked for offers: what was free before that and was not offered since is taken by others.</param>
    public void GiveWay(IReadOnlyList<PlacementNeed> waiting, DateTimeOffset? revived, Turn turn)
    {
        if (waiting.Count == 0 || !_pool.WithTask.Any())
        {
            return;
        }

        var places = revived is { } at && turn.Now - at > s_offered ? _memory.KnownSince(at) : _memory.Known(turn.Now);
        var usage = new PlacementUsage(_book.WithTask.Select(r => r.Placed()).OfType<PlacedMachine>());
        foreach (var member in Pool.GiveWay.Choose(waiting, places, [.. _pool.WithTask], usage))
        {
            Stop(member, "It gave way to a machine.", turn);
        }
    }

    private void Stop(PoolMember member, string why, Turn turn)
    {
        LogStopping(member.TaskId, member.Placement.Hostname, why);
        var next = member.HasTask ? member.After(PoolEvent.Stop, turn.Now, why) : member.After(PoolEvent.Ended, turn.Now, why);
        if (next.HasTask)
        {
            turn.Put(next);
        }
        else
        {
            turn.Forget(next);
        }
    }

    private void Tidy(Turn turn)
    {
        foreach (var member in _pool.All.Values)
        {
            // A claim is over when its request runs, or has let go of the task.
            var isSettled = member.State == PoolState.Claimed && _book.FindTask(member.TaskId)?.State is not (RequestState.Offered or RequestState.Launching);
            var isLost = member.HasTask && member.LostSince is { } since && turn.Now - since > _abandonAfter;
            var isOld = member.State == PoolState.Gone && turn.Now - member.ChangedAt > s_tombstone;
            if (isSettled || isLost || isOld)
            {
                turn.Forget(member);
            }
        }
    }

    /// <summary>Agents where a machine is on its way up.</summary>
    private HashSet<string> Busy() =>
        _book.WithTask.Where(r => r.State is RequestState.Offered or RequestState.Launching).Select(r => r.Placement?.AgentId).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private bool CanStart(PoolMember member, HashSet<string> busy, DateTimeOffset now) =>
        member.State == PoolState.Planned && !(member.NotBefore > now) && !busy.Contains(member.AgentId)
        && (member.Kind == PoolKind.Template || !_backoff.BacksOff(member.AgentId, member.Class, now))
        && !_pool.WithTask.Any(m => m.AgentId == member.AgentId && m.Kind == member.Kind && m.State is PoolState.Offered or PoolState.Launching);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pool: {TaskId} on {Hostname} goes. {Why}")]
    private partial void LogStopping(string taskId, string hostname, string why);
}
