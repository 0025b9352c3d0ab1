using Drover.Api.Machines;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Placement;
using Google.Protobuf;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>A cluster in memory that survives the schedulers which talk to it: agents with resources, tasks with status updates that are
/// repeated until acknowledged, and a master that answers as mesos-v1-api §3 and §5.5 say.</summary>
internal sealed class FakeMaster
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FakeAgent> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FakeTask> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Offer> _offers = new(StringComparer.Ordinal);
    private FakeLink? _link;
    private int _ids;

    public string? FrameworkId { get; private set; }

    /// <summary>Every call that any scheduler sent.</summary>
    public List<Call> Calls { get; } = [];

    /// <summary>Breaches of the rules that a real master would punish, or that would double a machine.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>What an executor says after STARTING; null to stay silent. By default a machine runs, a spare is parked, a template is made.</summary>
    public Func<TaskInfo, (TaskState State, StageReport? Report)?> Executor { get; set; } = Obedient;

    /// <summary>Whether a MESSAGE arrives.</summary>
    public Func<MachineCommand, bool> MessageArrives { get; set; } = _ => true;

    /// <summary>How an executor carries out a command; null when it says nothing.</summary>
    public Func<MachineCommand, CommandOutcome?> Commander { get; set; } = command => new CommandOutcome { Id = command.Id, Ok = true };

    /// <summary>Statuses without uuid that a master sends instead of launching, by task.</summary>
    public Func<TaskInfo, TaskStatus?> Refuse { get; set; } = _ => null;

    /// <summary>Whether a KILL arrives.</summary>
    public Func<string, bool> KillArrives { get; set; } = _ => true;

    public bool Silent { get; set; }

    /// <summary>The most tasks of one machine that ever lived at once.</summary>
    public int MostLiveOfOneMachine { get; private set; }

    public IReadOnlyList<FakeTask> Live { get { lock (_lock) { return [.. _tasks.Values.Where(t => t.IsLive)]; } } }

    public IReadOnlyList<FakeTask> All { get { lock (_lock) { return [.. _tasks.Values]; } } }

    public int CallCount(Call.Types.Type type) { lock (_lock) { return Calls.Count(c => c.Type == type); } }

    public void AddAgent(string id, double cpus = 8, double memory = 16384, double disk = 100_000, params (string Name, string Value)[] attributes)
    {
        lock (_lock)
        {
            _agents[id] = new FakeAgent(id, Amounts.Of(cpus, memory, disk), attributes);
        }
    }

    public FakeLink NewLink(Func<FrameworkSubscription> subscription) => new(this, subscription);

    /// <summary>An update of the executor, forwarded when all before it are acknowledged.</summary>
    public void Update(string taskId, TaskState state, StageReport? report = null, string? message = null)
    {
        lock (_lock)
        {
            var task = _tasks[taskId];
            var status = Status(task, state);
            status.Source = TaskStatus.Types.Source.Executor;
            status.Uuid = MesosUuid.Create();
            if (message is not null)
            {
                status.Message = message;
            }

            if (report is not null)
            {
                status.Data = ByteString.CopyFrom(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(report, MachineJson.Default.StageReport));
            }

            task.State = state;
            task.Pending.Enqueue(status);
            if (task.Pending.Count == 1)
            {
                _link?.Emit(status);
            }
        }
    }

    /// <summary>A status of the master's own: no uuid, never acknowledged.</summary>
    public void Say(string taskId, TaskState state, TaskStatus.Types.Reason? reason = null)
    {
        lock (_lock)
        {
            var task = _tasks[taskId];
            var status = Status(task, state);
            status.Source = TaskStatus.Types.Source.Master;
            if (reason is { } why)
            {
                status.Reason = why;
            }

            task.State = state;
            _link?.Emit(status);
        }
    }

    public void Disconnect()
    {
        lock (_lock)
        {
            _offers.Clear();
            _link?.Write(new SchedulerSignal.Disconnected("cut by the test", true));
            _link?.Subscribe();
        }
    }

    public void Offer() { lock (_lock) { OfferAll(); } }

    internal void Subscribed(FakeLink link, FrameworkSubscription subscription)
    {
        lock (_lock)
        {
            _link = link;
            _offers.Clear();
            if (subscription.Framework.Id is null)
            {
                if (FrameworkId is not null && _tasks.Values.Any(t => t.IsLive))
                {
                    Faults.Add("subscribed without an id while tasks of the framework live");
                }

                FrameworkId = $"fw-{++_ids}";
            }
            else if (subscription.Framework.Id.Value != FrameworkId)
            {
                Faults.Add($"unknown framework {subscription.Framework.Id.Value}");
            }

            link.Write(new SchedulerSignal.Subscribed(new FrameworkID { Value = FrameworkId }, new MasterInfo { Id = "m1", Ip = 1, Port = 5050 }));
            foreach (var task in _tasks.Values.Where(t => t.Pending.Count > 0))
            {
                link.Emit(task.Pending.Peek());
            }
        }
    }

    internal void Handle(FakeLink link, Call call)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(link, _link))
            {
                return;
            }

            Calls.Add(call);
            switch (call.Type)
            {
                case Call.Types.Type.Revive when !Silent:
                    OfferAll();
                    break;
                case Call.Types.Type.Accept:
                    Accept(call.Accept);
                    break;
                case Call.Types.Type.Decline:
                    call.Decline.OfferIds.ToList().ForEach(o => _offers.Remove(o.Value));
                    break;
                case Call.Types.Type.Kill:
                    Kill(call.Kill);
                    break;
                case Call.Types.Type.Reconcile:
                    Reconcile(call.Reconcile);
                    break;
                case Call.Types.Type.Message:
                    Message(call.Message);
                    break;
                case Call.Types.Type.Acknowledge:
                    Acknowledge(call.Acknowledge);
                    break;
            }
        }
    }

    /// <summary>What an executor says when all goes well.</summary>
    public static (TaskState State, StageReport? Report)? Obedient(TaskInfo info) =>
        System.Text.Json.JsonSerializer.Deserialize(info.Data.Span, MachineJson.Default.MachineTask)!.Kind switch
        {
            TaskKind.Template => (TaskState.TaskFinished, null),
            TaskKind.Spare => (TaskState.TaskRunning, new StageReport { Stage = MachineStage.Docker, Status = StageStatus.Done, Template = TemplateState.Used }),
            _ => (TaskState.TaskRunning, null),
        };

    /// <summary>Once per id; a doubled command only repeats its outcome.</summary>
    private void Message(Call.Types.Message message)
    {
        var command = System.Text.Json.JsonSerializer.Deserialize(message.Data.Span, MachineJson.Default.MachineCommand)!;
        if (!MessageArrives(command) || !_tasks.TryGetValue(message.ExecutorId.Value, out var task) || !task.IsLive)
        {
            return;
        }

        if (task.Outcomes.All(o => o.Id != command.Id))
        {
            if (Commander(command) is not { } outcome)
            {
                return;
            }

            task.Outcomes.Add(outcome);
            if (outcome.Ok && command.Verb == MachineCommand.Claim)
            {
                task.ClaimedAs = command.Task!.ExternalId;
                MostLiveOfOneMachine = Math.Max(MostLiveOfOneMachine, _tasks.Values.Where(t => t.IsLive).GroupBy(t => t.Machine).Max(g => g.Count()));
            }
        }

        Update(task.Id, TaskState.TaskRunning, new StageReport { Stage = MachineStage.Register, Status = StageStatus.Running, Outcomes = [.. task.Outcomes] });
        if (task.ClaimedAs is not null)
        {
            Update(task.Id, TaskState.TaskRunning, new StageReport { Stage = MachineStage.Register, Status = StageStatus.Done, Way = StartWay.Warm, WayReason = "A spare was ready.", Outcomes = [.. task.Outcomes] });
        }
    }

    private void OfferAll()
    {
        var batch = new Event.Types.Offers();
        foreach (var agent in _agents.Values)
        {
            var free = _tasks.Values.Where(t => t.IsLive && t.Info.AgentId.Value == agent.Id).Aggregate(agent.Total, (a, t) => a - t.Amounts);
            var offer = agent.Offer($"offer-{++_ids}", FrameworkId!, free);
            if (_offers.Values.All(o => o.AgentId.Value != agent.Id) && free.Cpus > 0)
            {
                _offers.Add(offer.Id.Value, offer);
                batch.Offers_.Add(offer);
            }
        }

        if (batch.Offers_.Count > 0)
        {
            _link?.Write(new SchedulerSignal.Event(new Event { Type = Event.Types.Type.Offers, Offers = batch }));
        }
    }

    private void Accept(Call.Types.Accept accept)
    {
        var valid = accept.OfferIds.All(o => _offers.Remove(o.Value));
        foreach (var info in accept.Operations.SelectMany(o => o.Launch.TaskInfos))
        {
            if (!valid || Refuse(info) is not null)
            {
                var refused = Refuse(info) ?? new TaskStatus { State = TaskState.TaskDropped, Reason = TaskStatus.Types.Reason.InvalidOffers };
                refused.TaskId = info.TaskId;
                refused.AgentId = info.AgentId;
                refused.Source = TaskStatus.Types.Source.Master;
                _link?.Emit(refused);
                continue;
            }

            if (!info.IsInitialized() || !_tasks.TryAdd(info.TaskId.Value, new FakeTask(info)))
            {
                Faults.Add($"task id {info.TaskId.Value} was used twice");
                continue;
            }

            MostLiveOfOneMachine = Math.Max(MostLiveOfOneMachine, _tasks.Values.Where(t => t.IsLive).GroupBy(t => t.Machine).Max(g => g.Count()));
            Update(info.TaskId.Value, TaskState.TaskStarting);
            if (Executor(info) is { } next)
            {
                Update(info.TaskId.Value, next.State, next.Report);
            }
        }
    }

    private void Kill(Call.Types.Kill kill)
    {
        if (!KillArrives(kill.TaskId.Value))
        {
            return;
        }

        if (_tasks.TryGetValue(kill.TaskId.Value, out var task) && task.IsLive)
        {
            Update(kill.TaskId.Value, TaskState.TaskKilled);
        }
        else
        {
            Answer(kill.TaskId.Value, kill.AgentId);
        }
    }

    private void Reconcile(Call.Types.Reconcile reconcile)
    {
        if (reconcile.Tasks.Count == 0)
        {
            foreach (var task in _tasks.Values.Where(t => t.IsLive || t.Pending.Count > 0))
            {
                Answer(task.Info.TaskId.Value, task.Info.AgentId);
            }
        }

        foreach (var asked in reconcile.Tasks)
        {
            Answer(asked.TaskId.Value, asked.AgentId);
        }
    }

    private void Answer(string taskId, AgentID agentId)
    {
        var known = _tasks.GetValueOrDefault(taskId);
        var state = known is not null && (known.IsLive || known.Pending.Count > 0)
            ? known.Pending.TryPeek(out var head) ? head.State : known.State
            : _agents.ContainsKey(agentId.Value) ? TaskState.TaskGone : TaskState.TaskUnknown;
        _link?.Emit(new TaskStatus
        {
            TaskId = new TaskID { Value = taskId },
            AgentId = agentId,
            State = state,
            Source = TaskStatus.Types.Source.Master,
            Reason = TaskStatus.Types.Reason.Reconciliation,
        });
    }

    private void Acknowledge(Call.Types.Acknowledge acknowledge)
    {
        if (_tasks.TryGetValue(acknowledge.TaskId.Value, out var task) && task.Pending.TryPeek(out var head) && head.Uuid == acknowledge.Uuid)
        {
            task.Pending.Dequeue();
            if (task.Pending.TryPeek(out var next))
            {
                _link?.Emit(next);
            }
        }
    }

    private static TaskStatus Status(FakeTask task, TaskState state) => new() { TaskId = task.Info.TaskId, AgentId = task.Info.AgentId, State = state };
}
