using System.Threading.Channels;
using Drover.Api.Cattle;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Addresses;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Reconciliation;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Session;
using Drover.Scheduler.Storage;
using Drover.Scheduler.Tasks;
using Microsoft.Extensions.Logging;
using Task = System.Threading.Tasks.Task;
using MesosEvent = Drover.Mesos.V1.Scheduler.Event;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler;

/// <summary>The scheduler's one writer. It takes in whatever has arrived, decides, stores the decision in one transaction, and only then acts.</summary>
/// <remarks>
/// Because nothing is done before it is stored, the process may die between any two lines: the next run finds the intent and asks Mesos what
/// became of it. If storing fails, the run ends and a new one begins from what is stored.
/// Everything that takes time (the server, the master, hashing files) happens beside the loop and comes back as an input.
/// </remarks>
internal sealed partial class SchedulerLoop : ISchedulerInput
{
    private const int MostInputsPerTurn = 2000;
    private static readonly TimeSpan s_pulse = TimeSpan.FromSeconds(5);

    private readonly SchedulerOptions _options;
    private readonly SchedulerStore _store;
    private readonly LiveState _live;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<SchedulerInput> _inputs = Channel.CreateBounded<SchedulerInput>(new BoundedChannelOptions(16 * 1024) { SingleReader = true });
    private readonly RequestBook _book;
    private readonly PoolBook _members;
    private readonly PoolDesk _pool;
    private readonly ClaimDesk _claims;
    private readonly MachineOrders _orders;
    private readonly CommandDesk _commands;
    private readonly AddressDesk _addresses;
    private readonly RequestIntake _intake;
    private readonly RequestSweep _sweep;
    private readonly AgentMemory _memory = new();
    private readonly WaitingBoard _board;
    private readonly OfferDesk _desk;
    private readonly OfferDemand _demand;
    private readonly StrayTasks _strays = new();
    private readonly TaskTracker _tracker;
    private readonly TaskKiller _killer;
    private readonly TaskReconciler _reconciler;
    private readonly List<Offer> _offers = [];
    private SchedulerStopReason? _stopped;

    public SchedulerLoop(SchedulerOptions options, SchedulerStore store, LiveState live, TimeProvider time, ILogger logger)
    {
        _options = options;
        _store = store;
        _live = live;
        _time = time;
        _logger = logger;
        _book = new RequestBook(store.LoadRequests());
        _members = new PoolBook(store.LoadMembers());
        var builder = new TaskBuilder(options);
        var backoff = new PoolBackoff();
        _pool = new PoolDesk(_members, _book, _memory, backoff, options, time.GetUtcNow(), logger);
        _claims = new ClaimDesk(_members, _book, builder, options.ClaimPatience, logger);
        _orders = new MachineOrders(_book, options);
        _commands = new CommandDesk(_book, [_claims, _orders]);
        _addresses = new AddressDesk(_book, options.Addresses([]), store.LoadQuarantine());
        _intake = new RequestIntake(_book);
        _sweep = new RequestSweep(_book, _intake);
        _board = new WaitingBoard(_book, _members, _memory, options.ProgressInterval);
        _desk = new OfferDesk(_book, _pool, builder, _memory, logger);
        _demand = new OfferDemand(options.Role);
        _tracker = new TaskTracker(_book, _members, new PoolTracker(_members, backoff, _memory, logger), _commands, _strays, logger);
        _killer = new TaskKiller(_book, _members, _strays, options);
        _reconciler = new TaskReconciler(new OwnedTasks(_book, _members));
        live.Requests = _book.All;
        live.FrameworkId = store.LoadFrameworkId(options.ClusterIdentity, options.Principal ?? "");
    }

    public ValueTask PostAsync(SchedulerInput input, CancellationToken cancellationToken) => _inputs.Writer.WriteAsync(input, cancellationToken);

    /// <summary>Runs until it is cancelled, or cannot go on.</summary>
    /// <exception cref="SteppedDownException">Another scheduler has taken over the framework.</exception>
    /// <exception cref="SchedulerRestartException">Everything is to be started anew from what is stored.</exception>
    public async Task RunAsync(ISchedulerActions actions, CancellationToken cancellationToken)
    {
        LogStarted(_book.All.Count, _book.QueueLength);
        using var pulse = _time.CreateTimer(_ => _inputs.Writer.TryWrite(new SchedulerInput.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        actions.Resume(_store.LoadOutbox(), _book.Queue.Select(r => r.MachineId));
        var first = new Turn(_book, _members, _store.NextOutboxId, _time.GetUtcNow());
        await EndTurnAsync(first, actions, all: true, cancellationToken);
        while (true)
        {
            pulse.Change(UntilNext(), Timeout.InfiniteTimeSpan);
            await _inputs.Reader.WaitToReadAsync(cancellationToken);
            var turn = new Turn(_book, _members, _store.NextOutboxId, _time.GetUtcNow());
            for (var i = 0; i < MostInputsPerTurn && _inputs.Reader.TryRead(out var input); i++)
            {
                Hear(input, turn);
            }

            await EndTurnAsync(turn, actions, all: false, cancellationToken);
        }
    }

    private async Task EndTurnAsync(Turn turn, ISchedulerActions actions, bool all, CancellationToken cancellationToken)
    {
        Decide(turn);
        _store.Commit(turn.Changes);
        _live.Requests = _book.All;
        _live.Members = _members.All;
        foreach (var (machineId, note) in turn.Notes)
        {
            _board.Note(machineId, note);
        }

        var explained = _board.Act(_live.MasterProblem, turn.Now);
        _live.Waiting = _board.Waiting;
        await actions.ActAsync(turn, cancellationToken);
        var shown = all ? _book.All.Keys : turn.Changes.Requests.Keys.Union(explained);
        foreach (var request in shown.Select(_book.Find).OfType<MachineRequest>().ToList())
        {
            actions.Show(request, MachineView.Of(request, _board.Waiting.GetValueOrDefault(request.MachineId), _board.NoteOf(request.MachineId)));
        }

        if (all || turn.Changes.Members.Count > 0 || turn.Changes.ForgottenMembers.Count > 0)
        {
            actions.ShowPool(_members.All);
        }

        switch (_stopped)
        {
            case SchedulerStopReason.FailedOver:
                throw new SteppedDownException();
            case SchedulerStopReason.FrameworkRemoved when _live.FrameworkId is null:
                throw new SchedulerRestartException("The master removed our framework; subscribing as a new one.");
        }
    }

    private void Hear(SchedulerInput input, Turn turn)
    {
        switch (input)
        {
            case SchedulerInput.Master { Signal: var signal }:
                HearMaster(signal, turn);
                break;
            case SchedulerInput.ServerEvent { Event: var e }:
                LogEvent(e.BaseName, e.ResourceId);
                HearServer(e, turn);
                break;
            case SchedulerInput.ServerListed { States: var states }:
                _sweep.Listed(states, turn);
                break;
            case SchedulerInput.MachineLoaded { MachineId: var machineId, Load: var load }:
                _intake.Loaded(machineId, load, turn);
                if (load is MachineLoad.Ready ready)
                {
                    _pool.Asked(machineId, ready.Spec, ready.Preparation, turn.Now);
                }

                break;
            case SchedulerInput.PoolSettingsRead { Settings: var settings }:
                _pool.Settings = settings;
                break;
            case SchedulerInput.PoolSupplied { Image: var image, Supply: var supply }:
                _pool.Supplies.Learn(image, supply, turn.Now);
                break;
            case SchedulerInput.Delivered { OutboxId: var id }:
                turn.Changes.Delivered.Add(id);
                break;
        }
    }

    private void HearServer(CattleEvent e, Turn turn)
    {
        if (MachineOrders.Events.Contains(e.BaseName))
        {
            _orders.Receive(e, turn);
        }
        else
        {
            _intake.Receive(e, turn);
        }
    }

    private void HearMaster(SchedulerSignal signal, Turn turn)
    {
        switch (signal)
        {
            case SchedulerSignal.Subscribed subscribed:
                turn.Changes.Framework = new FrameworkRecord(_options.ClusterIdentity, _options.Principal ?? "", subscribed.FrameworkId.Value);
                _live.FrameworkId = subscribed.FrameworkId.Value;
                _live.Master = subscribed.Master?.Id;
                Connect(null);
                _demand.Connected();
                _killer.Restart();
                _commands.Restart();
                _reconciler.Connected(turn);
                break;
            case SchedulerSignal.Disconnected disconnected:
                Connect($"no session with a Mesos master ({disconnected.Reason}); trying again.");
                break;
            case SchedulerSignal.Stopped stopped:
                LogStopped(stopped.Reason, stopped.Message);
                Connect($"the Mesos master said: {stopped.Message}. An operator has to decide (see the scheduler's log).");
                Stop(stopped.Reason, turn);
                break;
            case SchedulerSignal.Event { Message: var message }:
                HearEvent(message, turn);
                break;
        }
    }

    private void HearEvent(MesosEvent message, Turn turn)
    {
        switch (message.Type)
        {
            case MesosEvent.Types.Type.Offers:
                _offers.AddRange(message.Offers.Offers_);
                break;
            case MesosEvent.Types.Type.Rescind:
                _offers.RemoveAll(o => o.Id.Value == message.Rescind.OfferId.Value);
                break;
            case MesosEvent.Types.Type.Update:
                Receive(message.Update.Status, turn);
                break;
            case MesosEvent.Types.Type.Failure when message.Failure.ExecutorId is null && message.Failure.AgentId is not null:
                _memory.Lost(message.Failure.AgentId.Value);
                break;
        }
    }

    private void Receive(TaskStatus status, Turn turn)
    {
        _reconciler.Heard(status.TaskId.Value);
        var isOfPool = _members.FindTask(status.TaskId.Value) is not null;
        if (_tracker.Receive(status, turn))
        {
            _reconciler.Ask(status.TaskId.Value, turn);
        }

        if (isOfPool && status.State.IsTerminal())
        {
            _demand.Renew();
        }
    }

    /// <summary>A framework that was removed is dead with all its tasks. Taking a new id is harmless when there are none, else an operator allows it.</summary>
    private void Stop(SchedulerStopReason reason, Turn turn)
    {
        _stopped = reason;
        if (reason != SchedulerStopReason.FrameworkRemoved || (_book.AnyTask && !_options.AcceptNewFramework))
        {
            return;
        }

        foreach (var request in _book.WithTask.ToList())
        {
            _tracker.Receive(new TaskStatus { TaskId = new TaskID { Value = request.TaskId }, State = TaskState.TaskGone }, turn);
        }

        foreach (var member in _members.All.Values)
        {
            turn.Forget(member);
        }

        turn.Changes.Framework = new FrameworkRecord(_options.ClusterIdentity, _options.Principal ?? "", "");
        _live.FrameworkId = null;
    }

    private void Connect(string? problem)
    {
        _offers.Clear();
        _live.MasterConnected = problem is null;
        _live.MasterProblem = problem;
        _board.Changed();
        if (problem is not null)
        {
            _demand.Disconnected();
            _reconciler.Disconnected();
        }
    }

    private void Decide(Turn turn)
    {
        _addresses.Act(turn);
        if (_live.MasterConnected)
        {
            _claims.Act(_desk.Ready(turn.Now), turn);
        }

        if (_offers.Count > 0)
        {
            _desk.Serve(_offers, turn);
            _offers.Clear();
            _board.Changed();
        }

        foreach (var request in _book.Queue.Where(r => _book.Prepared(r.MachineId) is { } p && turn.Now - p.At > Preparation.Lifetime).ToList())
        {
            turn.Prepare(request.MachineId);
        }

        _sweep.Act(turn);
        _reconciler.Act(turn);
        _pool.GiveWay([.. _desk.Ready(turn.Now).Select(_book.Need).OfType<PlacementNeed>()], _demand.RevivedAt, turn);
        _pool.Act(turn);
        _killer.Act(_live.MasterConnected, _reconciler.IsWarm, turn);
        _commands.Act(_live.MasterConnected, turn);
        _demand.Act([.. _desk.Ready(turn.Now).Select(r => r.MachineId)], _pool.Startable(turn.Now), turn);
        if (turn.Changes.Requests.Count > 0)
        {
            _board.Changed();
        }
    }

    private TimeSpan UntilNext()
    {
        var now = _time.GetUtcNow();
        var next = now + s_pulse;
        foreach (var due in new[] { _killer.NextDue, _commands.NextDue, _pool.NextDue, _reconciler.NextDue, _demand.NextDue, _board.NextDue, _book.Queue.Min(r => r.NotBefore > now ? r.NotBefore : null) })
        {
            next = due < next ? due.Value : next;
        }

        return next > now ? next - now : TimeSpan.Zero;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Scheduler started with {Requests} machines, {Queued} of them waiting")]
    private partial void LogStarted(int requests, int queued);

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {MachineId}: {Event}")]
    private partial void LogEvent(string @event, string? machineId);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The Mesos master ended our framework ({Reason}): {Text}. Set AcceptNewFramework to subscribe as a new one and count the old one's machines as gone")]
    private partial void LogStopped(SchedulerStopReason reason, string text);
}
