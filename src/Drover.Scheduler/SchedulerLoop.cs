using System.Threading.Channels;
using Drover.Api.Cattle;
using Drover.Mesos;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Storage;
using Microsoft.Extensions.Logging;
using Task = System.Threading.Tasks.Task;

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

    /// <summary>The server's events that the loop decides upon.</summary>
    public static IReadOnlyList<string> ServerEvents { get; } =
        [RequestIntake.CreateEvent, RequestIntake.BootstrapEvent, RequestIntake.RemoveEvent, ConsoleOrders.Event, .. MachineOrders.Events, .. DiskMoves.Events];

    private readonly SchedulerStore _store;
    private readonly LiveState _live;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<SchedulerInput> _inputs = Channel.CreateBounded<SchedulerInput>(new BoundedChannelOptions(16 * 1024) { SingleReader = true });
    private readonly SchedulerDesks _desks;
    private readonly MasterHearing _master;

    public SchedulerLoop(SchedulerOptions options, SchedulerStore store, LiveState live, TimeProvider time, ILogger logger)
    {
        _store = store;
        _live = live;
        _time = time;
        _logger = logger;
        _desks = new SchedulerDesks(options, store, time, logger);
        _master = new MasterHearing(_desks, options, live, logger);
        live.Requests = _desks.Book.All;
        live.FrameworkId = store.LoadFrameworkId(options.ClusterIdentity, options.Principal ?? "");
    }

    public ValueTask PostAsync(SchedulerInput input, CancellationToken cancellationToken) => _inputs.Writer.WriteAsync(input, cancellationToken);

    /// <summary>Runs until it is cancelled, or cannot go on.</summary>
    /// <exception cref="SteppedDownException">Another scheduler has taken over the framework.</exception>
    /// <exception cref="SchedulerRestartException">Everything is to be started anew from what is stored.</exception>
    public async Task RunAsync(ISchedulerActions actions, CancellationToken cancellationToken)
    {
        LogStarted(_desks.Book.All.Count, _desks.Book.QueueLength);
        using var pulse = _time.CreateTimer(_ => _inputs.Writer.TryWrite(new SchedulerInput.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        actions.Resume(_store.LoadOutbox(), _desks.Book.Queue.Select(r => r.MachineId));
        var first = new Turn(_desks.Book, _desks.Members, _store.NextOutboxId, _time.GetUtcNow());
        await EndTurnAsync(first, actions, all: true, cancellationToken);
        while (true)
        {
            pulse.Change(UntilNext(), Timeout.InfiniteTimeSpan);
            await _inputs.Reader.WaitToReadAsync(cancellationToken);
            var turn = new Turn(_desks.Book, _desks.Members, _store.NextOutboxId, _time.GetUtcNow());
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
        _live.Requests = _desks.Book.All;
        _live.Members = _desks.Members.All;
        _live.Counts.Launched(turn.Changes.Intents.Count);
        foreach (var (machineId, note) in turn.Notes)
        {
            _desks.Board.Note(machineId, note);
        }

        var explained = _desks.Board.Act(_live.MasterProblem, turn.Now);
        _live.Waiting = _desks.Board.Waiting;
        await actions.ActAsync(turn, cancellationToken);
        var shown = all ? _desks.Book.All.Keys : turn.Changes.Requests.Keys.Union(explained);
        foreach (var request in shown.Select(_desks.Book.Find).OfType<MachineRequest>().ToList())
        {
            actions.Show(request, MachineView.Of(request, _desks.Board.Waiting.GetValueOrDefault(request.MachineId), _desks.Board.NoteOf(request.MachineId)));
        }

        if (all || turn.Changes.Members.Count > 0 || turn.Changes.ForgottenMembers.Count > 0)
        {
            actions.ShowPool(_desks.Members.All);
        }

        switch (_master.Stopped)
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
                _master.Hear(signal, turn);
                break;
            case SchedulerInput.ServerEvent { Event: var e }:
                LogEvent(e.BaseName, e.ResourceId);
                HearServer(e, turn);
                break;
            case SchedulerInput.ServerListed { States: var states }:
                _desks.Sweep.Listed(states, turn);
                break;
            case SchedulerInput.MachineLoaded { MachineId: var machineId, Load: var load }:
                _desks.Intake.Loaded(machineId, load, turn);
                if (load is MachineLoad.Ready ready && _desks.Book.Find(machineId) is { Kept: null })
                {
                    _desks.Pool.Asked(machineId, ready.Spec, ready.Preparation, turn.Now);
                }

                break;
            case SchedulerInput.PoolSettingsRead { Settings: var settings }:
                _desks.Pool.Settings = settings;
                break;
            case SchedulerInput.PoolSupplied { Image: var image, Supply: var supply }:
                _desks.Pool.Supplies.Learn(image, supply, turn.Now);
                break;
            case SchedulerInput.ClusterAsked { Answer: var answer }:
                answer.TrySetResult(_desks.Board.Known(turn.Now));
                break;
            case SchedulerInput.Delivered { OutboxId: var id }:
                turn.Changes.Delivered.Add(id);
                break;
        }
    }

    private void HearServer(CattleEvent e, Turn turn)
    {
        if (DiskMoves.Events.Contains(e.BaseName))
        {
            _desks.Moves.Receive(e, turn);
        }
        else if (MachineOrders.Events.Contains(e.BaseName))
        {
            _desks.Orders.Receive(e, turn);
        }
        else if (e.BaseName == ConsoleOrders.Event)
        {
            _desks.Consoles.Receive(e, turn);
        }
        else
        {
            _desks.Intake.Receive(e, turn);
        }
    }

    private void Decide(Turn turn)
    {
        _desks.Copies.Act(turn);
        _desks.Discards.Act(turn);
        _desks.Addresses.Act(turn);
        if (_live.MasterConnected)
        {
            _desks.Claims.Act(_desks.Offers.Ready(turn.Now), turn);
        }

        if (_master.Offers.Count > 0)
        {
            _desks.Offers.Serve(_master.Offers, turn);
            _master.Offers.Clear();
            _desks.Board.Changed();
        }

        foreach (var request in _desks.Book.Queue.Where(r => _desks.Book.Prepared(r.MachineId) is { } p && turn.Now - p.At > Preparation.Lifetime).ToList())
        {
            turn.Prepare(request.MachineId);
        }

        _desks.Sweep.Act(turn);
        _desks.Reconciler.Act(turn);
        _desks.Pool.GiveWay([.. _desks.Offers.Ready(turn.Now).Select(_desks.Book.Need).OfType<PlacementNeed>()], _desks.Demand.RevivedAt, turn);
        _desks.Pool.Act(turn);
        _desks.Killer.Act(_live.MasterConnected, _desks.Reconciler.IsWarm, turn);
        _desks.Commands.Act(_live.MasterConnected, turn);
        _desks.Demand.Act([.. _desks.Offers.Ready(turn.Now).Select(Wish)], _desks.Pool.Startable(turn.Now), turn);
        if (turn.Changes.Requests.Count > 0)
        {
            _desks.Board.Changed();
        }
    }

    /// <summary>One that is wanted in another size is wanted anew: what was too small for it may do now.</summary>
    private static string Wish(MachineRequest request) => request.Kept is null ? request.MachineId : $"{request.MachineId} with {request.Spec!.MilliCpus}/{request.Spec.MemoryBytes}";

    private TimeSpan UntilNext()
    {
        var now = _time.GetUtcNow();
        var next = now + s_pulse;
        foreach (var due in new[] { _desks.Killer.NextDue, _desks.Commands.NextDue, _desks.Pool.NextDue, _desks.Reconciler.NextDue, _desks.Demand.NextDue, _desks.Board.NextDue, _desks.Book.Queue.Min(r => r.NotBefore > now ? r.NotBefore : null) })
        {
            next = due < next ? due.Value : next;
        }

        return next > now ? next - now : TimeSpan.Zero;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Scheduler started with {Requests} machines, {Queued} of them waiting")]
    private partial void LogStarted(int requests, int queued);

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {MachineId}: {Event}")]
    private partial void LogEvent(string @event, string? machineId);
}
