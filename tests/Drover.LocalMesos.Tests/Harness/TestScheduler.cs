using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos.Tests;

/// <summary>A framework on the real client: it records what comes and acknowledges nothing by itself.</summary>
internal sealed class TestScheduler : IAsyncDisposable
{
    private readonly SchedulerConnection _connection;
    private readonly FrameworkInfo _info;
    private readonly Task _reading;

    public TestScheduler(Uri master, TimeProvider time, FrameworkInfo info, LocalCredentials? credentials, params string[] suppressed)
    {
        _info = info;
        _connection = new SchedulerConnection(
            new SchedulerConnectionOptions
            {
                Detector = MasterAddress.CreateDetector(master.ToString()),
                Subscription = () => new FrameworkSubscription(_info.Clone(), suppressed),
                Authorization = credentials is null ? null : MesosAuthorizations.Basic(credentials.Principal, credentials.Secret),
                MinBackoff = TimeSpan.FromMilliseconds(10),
                MaxBackoff = TimeSpan.FromMilliseconds(100),
            },
            time, NullLogger.Instance);
        _connection.Start();
        _reading = ReadAsync();
    }

    public EventLog<SchedulerSignal> Log { get; } = new("scheduler");

    /// <summary>Offers, updates and the rest are waited for one apart from the other: their order among each other means nothing.</summary>
    private readonly EventLog<Offer> _offers = new("offers");
    private readonly EventLog<TaskStatus> _updates = new("updates");

    /// <summary>Acknowledges every update that asks for it, as often as it comes.</summary>
    public bool AcknowledgesAll { get; set; }

    public FrameworkID Id => _info.Id;

    public static FrameworkInfo Info(string? id = null, double failover = 3600, bool checkpoint = true, bool partitionAware = true)
    {
        var info = new FrameworkInfo { User = "test", Name = "test", FailoverTimeout = failover, Checkpoint = checkpoint };
        info.Roles.Add("vms");
        info.Capabilities.Add(new FrameworkInfo.Types.Capability { Type = FrameworkInfo.Types.Capability.Types.Type.MultiRole });
        info.Capabilities.Add(new FrameworkInfo.Types.Capability { Type = FrameworkInfo.Types.Capability.Types.Type.ReservationRefinement });
        if (partitionAware)
        {
            info.Capabilities.Add(new FrameworkInfo.Types.Capability { Type = FrameworkInfo.Types.Capability.Types.Type.PartitionAware });
        }

        if (id is not null)
        {
            info.Id = new FrameworkID { Value = id };
        }

        return info;
    }

    public async Task<SchedulerSignal.Subscribed> SubscribedAsync() =>
        (SchedulerSignal.Subscribed)await Log.NextAsync(s => s is SchedulerSignal.Subscribed, "SUBSCRIBED");

    public Task<Offer> OfferAsync() => _offers.NextAsync(_ => true, "an offer");

    /// <summary>An offer with at least so many thousandths of a CPU; smaller ones are declined without a filter.</summary>
    public async Task<Offer> OfferOfAsync(long milliCpus)
    {
        while (true)
        {
            var offer = await OfferAsync();
            if (Resources.Of(offer.Resources).Milli("cpus") >= milliCpus)
            {
                return offer;
            }

            await DeclineAsync(offer, 0);
        }
    }

    public Task<TaskStatus> UpdateAsync(TaskState state, string? task = null) =>
        _updates.NextAsync(u => u.State == state && (task is null || u.TaskId.Value == task), $"{state} of {task ?? "any task"}");

    public async Task<Event> EventAsync(Event.Types.Type type) =>
        ((SchedulerSignal.Event)await Log.NextAsync(s => s is SchedulerSignal.Event e && e.Message.Type == type, type.ToString())).Message;

    public IReadOnlyList<TaskStatus> Updates => _updates.All;

    public IReadOnlyList<Offer> Offers => _offers.All;

    public async Task SendAsync(Call call) => Assert.True(await _connection.SendAsync(call, TestContext.Current.CancellationToken), $"{call.Type} was not taken");

    /// <summary>False: there is no session just now.</summary>
    public Task<bool> TrySendAsync(Call call) => _connection.SendAsync(call, TestContext.Current.CancellationToken);

    public Task<bool> TryLaunchAsync(Offer offer, TaskInfo task) => TrySendAsync(AcceptCall([offer], 0, task));

    public Task<bool> TryKillAsync(string task) =>
        TrySendAsync(new Call { Type = Call.Types.Type.Kill, Kill = new() { TaskId = new TaskID { Value = task } } });

    public Task<bool> TryReconcileAsync(string task, string agent) => TrySendAsync(ReconcileCall((task, agent)));

    public Task LaunchAsync(Offer offer, params TaskInfo[] tasks) => AcceptAsync([offer], 0, tasks);

    public Task AcceptAsync(IEnumerable<Offer> offers, double? refuse, params TaskInfo[] tasks) => SendAsync(AcceptCall(offers, refuse, tasks));

    private static Call AcceptCall(IEnumerable<Offer> offers, double? refuse, params TaskInfo[] tasks)
    {
        var call = new Call { Type = Call.Types.Type.Accept, Accept = new() };
        call.Accept.OfferIds.AddRange(offers.Select(o => o.Id));
        var launch = new Offer.Types.Operation { Type = Offer.Types.Operation.Types.Type.Launch, Launch = new() };
        launch.Launch.TaskInfos.AddRange(tasks);
        call.Accept.Operations.Add(launch);
        if (refuse is { } seconds)
        {
            call.Accept.Filters = new Filters { RefuseSeconds = seconds };
        }

        return call;
    }

    public Task DeclineAsync(Offer offer, double? refuse = null)
    {
        var call = new Call { Type = Call.Types.Type.Decline, Decline = new() };
        call.Decline.OfferIds.Add(offer.Id);
        if (refuse is { } seconds)
        {
            call.Decline.Filters = new Filters { RefuseSeconds = seconds };
        }

        return SendAsync(call);
    }

    public Task ReviveAsync() => SendAsync(new Call { Type = Call.Types.Type.Revive });

    public Task SuppressAsync() => SendAsync(new Call { Type = Call.Types.Type.Suppress });

    public Task AcknowledgeAsync(TaskStatus status) => SendAsync(Acknowledgement(status));

    public Task KillAsync(string task, string? agent = null) => SendAsync(new Call
    {
        Type = Call.Types.Type.Kill,
        Kill = new() { TaskId = new TaskID { Value = task }, AgentId = agent is null ? null : new AgentID { Value = agent } },
    });

    public Task ReconcileAsync(params (string Task, string? Agent)[] tasks) => SendAsync(ReconcileCall(tasks));

    private static Call ReconcileCall(params (string Task, string? Agent)[] tasks)
    {
        var call = new Call { Type = Call.Types.Type.Reconcile, Reconcile = new() };
        call.Reconcile.Tasks.AddRange(tasks.Select(t => new Call.Types.Reconcile.Types.Task
        {
            TaskId = new TaskID { Value = t.Task },
            AgentId = t.Agent is null ? null : new AgentID { Value = t.Agent },
        }));
        return call;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _reading;
    }

    private async Task ReadAsync()
    {
        await foreach (var signal in _connection.Signals.ReadAllAsync())
        {
            if (signal is SchedulerSignal.Subscribed subscribed)
            {
                _info.Id = subscribed.FrameworkId;
            }

            Log.Add(signal);
            if (signal is SchedulerSignal.Event { Message: { } message })
            {
                foreach (var offer in message.Offers?.Offers_ ?? [])
                {
                    _offers.Add(offer);
                }

                if (message.Update is { } update)
                {
                    _updates.Add(update.Status);
                    if (AcknowledgesAll && update.Status.HasUuid)
                    {
                        _ = _connection.SendAsync(Acknowledgement(update.Status), CancellationToken.None);
                    }
                }
            }
        }
    }

    private static Call Acknowledgement(TaskStatus status) => new()
    {
        Type = Call.Types.Type.Acknowledge,
        Acknowledge = new() { AgentId = status.AgentId, TaskId = status.TaskId, Uuid = status.Uuid },
    };
}
