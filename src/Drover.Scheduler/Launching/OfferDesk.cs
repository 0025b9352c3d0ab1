using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Storage;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Launching;

/// <summary>Serves a batch of offers: decides for the whole queue, stores the intents, accepts, and declines the rest for long.</summary>
/// <remarks>Offers are never held: what is not used now goes back at once, and new work revives them.</remarks>
internal sealed partial class OfferDesk(RequestBook book, PoolDesk pool, TaskBuilder builder, AgentMemory memory, ILogger logger)
{
    /// <summary>Nothing waits: the agent may keep its offer for an hour.</summary>
    private const double IdleRefusal = 3600;

    /// <summary>Something waits, and this offer is too small for it.</summary>
    private const double BusyRefusal = 60;

    /// <summary>Left-overs of an offer that was used, while more waits.</summary>
    private const double LeftoverRefusal = 5;

    /// <summary>Requests that could be launched now, in order.</summary>
    public IReadOnlyList<MachineRequest> Ready(DateTimeOffset now) =>
        [.. book.Queue.Where(r => r.Hindrance is null && r.IsPlaceable && book.Prepared(r.MachineId) is not null && (r.NotBefore is null || r.NotBefore <= now))];

    public void Serve(IReadOnlyList<Offer> offers, Turn turn)
    {
        // One that is still being prepared keeps its turn: what it would take is not given to those behind it.
        var queue = book.Queue.Where(r => r.Hindrance is null && (r.NotBefore is null || r.NotBefore <= turn.Now)).Select(book.Need).OfType<PlacementNeed>().ToList();
        var places = OfferedPlace.Pool(offers);
        var result = Matcher.Match(queue, [.. places.Select(p => p.Place)], book.WithTask.Select(r => r.Placed()).OfType<PlacedMachine>().ToList());
        var tasks = new Dictionary<int, List<TaskInfo>>();
        foreach (var (need, place) in result.Assignments)
        {
            if (book.Prepared(need.MachineId) is { } preparation && Launch(book.Find(need.MachineId)!, preparation, places[place], turn) is { } task)
            {
                (tasks.TryGetValue(place, out var list) ? list : tasks[place] = []).Add(task);
            }
        }

        foreach (var (member, supply, place) in pool.Choose([.. places.Select(p => p.Place)], result.Left, turn))
        {
            if (Launch(member, supply, places[place], turn) is { } task)
            {
                (tasks.TryGetValue(place, out var list) ? list : tasks[place] = []).Add(task);
            }
        }

        var more = queue.Count > tasks.Values.Sum(t => t.Count);
        foreach (var (place, list) in tasks)
        {
            turn.Call(Accept(places[place], list, more ? LeftoverRefusal : IdleRefusal));
        }

        var used = tasks.Keys.SelectMany(p => places[p].Offers).Select(o => o.Id.Value).ToHashSet(StringComparer.Ordinal);
        Decline(offers.Where(o => !used.Contains(o.Id.Value)).Select(o => o.Id), more ? BusyRefusal : IdleRefusal, turn);
        for (var i = 0; i < places.Count; i++)
        {
            var left = places[i].Left;
            memory.Offered(places[i].Place with { Free = new Amounts(left.Milli("cpus"), left.Milli("mem"), left.Milli("disk")) }, turn.Now);
        }
    }

    public static void Decline(IEnumerable<OfferID> offers, double refuseSeconds, Turn turn)
    {
        var call = new Call
        {
            Type = Call.Types.Type.Decline,
            Decline = new Call.Types.Decline { OfferIds = { offers }, Filters = new Filters { RefuseSeconds = refuseSeconds } },
        };
        if (call.Decline.OfferIds.Count > 0)
        {
            turn.Call(call);
        }
    }

    private TaskInfo? Launch(MachineRequest request, Preparation preparation, OfferedPlace place, Turn turn)
    {
        var placed = request.After(RequestEvent.Placed, turn.Now) with
        {
            Attempt = request.Attempt + 1,
            OfferedAt = turn.Now,
            NotBefore = null,
            Class = request.Kept is null ? PoolClass.Of(request.Spec!, preparation.Image) : null,
            Placement = Placement(place),
        };
        if (builder.Build(placed, preparation, place) is not { } task)
        {
            // Offers that differ in their reservations pool to less than their sum says. The request keeps its turn.
            LogNotCarved(request.MachineId, place.Place.AgentId);
            return null;
        }

        turn.Put(placed);
        turn.Changes.Intents.Add(new TaskIntent(placed.TaskId!, placed.MachineId, place.Place.AgentId, [.. place.Offers.Select(o => o.Id.Value)], task.ToByteArray()));
        LogLaunch(placed.MachineId, placed.TaskId!, place.Place.Hostname);
        return task;
    }

    private TaskInfo? Launch(PoolMember member, PoolSupply supply, OfferedPlace place, Turn turn)
    {
        var placed = member.After(PoolEvent.Placed, turn.Now, member.Why) with { Attempt = member.Attempt + 1, NotBefore = null, Placement = Placement(place), Task = null, Confirmed = false, Report = null };
        if (builder.Build(placed, supply, place) is not { } task)
        {
            LogNotCarved(member.Id, place.Place.AgentId);
            return null;
        }

        turn.Put(placed);
        turn.Changes.Intents.Add(new TaskIntent(placed.TaskId, placed.Id, place.Place.AgentId, [.. place.Offers.Select(o => o.Id.Value)], task.ToByteArray()));
        LogPool(placed.TaskId, place.Place.Hostname);
        return task;
    }

    private static TaskPlacement Placement(OfferedPlace place) => new()
    {
        AgentId = place.Place.AgentId,
        Hostname = place.Place.Hostname,
        AgentUrl = place.AgentUrl,
        Attributes = place.Place.Attributes,
    };

    private static Call Accept(OfferedPlace place, List<TaskInfo> tasks, double refuseSeconds) => new()
    {
        Type = Call.Types.Type.Accept,
        Accept = new Call.Types.Accept
        {
            OfferIds = { place.Offers.Select(o => o.Id) },
            Filters = new Filters { RefuseSeconds = refuseSeconds },
            Operations = { new Offer.Types.Operation { Type = Offer.Types.Operation.Types.Type.Launch, Launch = new Offer.Types.Operation.Types.Launch { TaskInfos = { tasks } } } },
        },
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {MachineId}: launching task {TaskId} on {Hostname}")]
    private partial void LogLaunch(string machineId, string taskId, string hostname);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pool: launching {TaskId} on {Hostname}")]
    private partial void LogPool(string taskId, string hostname);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Machine {MachineId}: the offers of agent {AgentId} could not be carved up")]
    private partial void LogNotCarved(string machineId, string agentId);
}
