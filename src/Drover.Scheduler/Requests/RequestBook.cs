using System.Collections.Immutable;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Requests;

/// <summary>All requests in memory, as the store has them, with the ways to find them. Owned by the scheduler's loop.</summary>
internal sealed class RequestBook
{
    private readonly Dictionary<string, string> _byTask = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, string> _queue = [];
    private readonly HashSet<string> _withTask = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withCommands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Preparation> _preparations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (MachineSpec Spec, PlacementNeed Need)> _needs = new(StringComparer.Ordinal);
    private long _lastSequence;

    public RequestBook(IEnumerable<MachineRequest> stored)
    {
        foreach (var request in stored)
        {
            Put(request);
        }
    }

    /// <summary>Immutable: others may read it while the loop goes on.</summary>
    public ImmutableDictionary<string, MachineRequest> All { get; private set; } = ImmutableDictionary.Create<string, MachineRequest>(StringComparer.Ordinal);

    /// <summary>Requests without a place, in order.</summary>
    public IEnumerable<MachineRequest> Queue => _queue.Values.Select(id => All[id]);

    public int QueueLength => _queue.Count;

    /// <summary>Requests of which a task may exist in the cluster.</summary>
    public IEnumerable<MachineRequest> WithTask => _withTask.Select(id => All[id]);

    /// <summary>Requests with commands that their executor has not answered.</summary>
    public IEnumerable<MachineRequest> WithCommands => _withCommands.Select(id => All[id]);

    public bool AnyTask => _withTask.Count > 0;

    public MachineRequest? Find(string machineId) => All.GetValueOrDefault(machineId);

    /// <summary>The request whose current attempt this task is.</summary>
    public MachineRequest? FindTask(string taskId) => _byTask.TryGetValue(taskId, out var id) ? Find(id) : null;

    /// <summary>What a waiting request needs, with its rules compiled; null until its specification is known.</summary>
    public PlacementNeed? Need(MachineRequest request)
    {
        if (request.Spec is not { } spec || !request.IsPlaceable)
        {
            return null;
        }

        if (!_needs.TryGetValue(request.MachineId, out var known) || !ReferenceEquals(known.Spec, spec))
        {
            _needs[request.MachineId] = known = (spec, TaskBuilder.Need(request));
        }

        return known.Need;
    }

    public Preparation? Prepared(string machineId) => _preparations.GetValueOrDefault(machineId);

    public void Prepare(string machineId, Preparation? preparation)
    {
        if (preparation is null)
        {
            _preparations.Remove(machineId);
        }
        else
        {
            _preparations[machineId] = preparation;
        }
    }

    public long NextSequence() => ++_lastSequence;

    public void Put(MachineRequest request)
    {
        Unlink(request.MachineId);
        All = All.SetItem(request.MachineId, request);
        _lastSequence = Math.Max(_lastSequence, request.Sequence);
        if (request.State == RequestState.Queued)
        {
            _queue.Add(request.Sequence, request.MachineId);
        }
        else
        {
            _preparations.Remove(request.MachineId);
            _needs.Remove(request.MachineId);
        }

        if (RequestLifecycle.HasTask(request.State))
        {
            _withTask.Add(request.MachineId);
            _byTask[request.TaskId!] = request.MachineId;
            if (request.Commands.Count > 0)
            {
                _withCommands.Add(request.MachineId);
            }
        }
    }

    public void Forget(string machineId)
    {
        Unlink(machineId);
        _preparations.Remove(machineId);
        _needs.Remove(machineId);
        All = All.Remove(machineId);
    }

    private void Unlink(string machineId)
    {
        if (!All.TryGetValue(machineId, out var old))
        {
            return;
        }

        _queue.Remove(old.Sequence);
        _withTask.Remove(machineId);
        _withCommands.Remove(machineId);
        if (old.TaskId is { } taskId)
        {
            _byTask.Remove(taskId);
        }
    }
}
