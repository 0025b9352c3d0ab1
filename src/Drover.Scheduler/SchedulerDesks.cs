using Drover.Scheduler.Addresses;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Reconciliation;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Session;
using Drover.Scheduler.Storage;
using Drover.Scheduler.Tasks;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler;

/// <summary>Everything that decides in a turn of the loop, each with its own part of the work, on one book of requests and one of the pool.</summary>
internal sealed class SchedulerDesks
{
    public SchedulerDesks(SchedulerOptions options, SchedulerStore store, TimeProvider time, ILogger logger)
    {
        Book = new RequestBook(store.LoadRequests());
        Members = new PoolBook(store.LoadMembers());
        var builder = new TaskBuilder(options);
        var backoff = new PoolBackoff();
        Pool = new PoolDesk(Members, Book, Memory, backoff, options, time.GetUtcNow(), logger);
        Claims = new ClaimDesk(Members, Book, builder, options.ClaimPatience, logger);
        Orders = new MachineOrders(Book, options);
        Consoles = new ConsoleOrders(Book, options);
        Moves = new DiskMoves(Book, options);
        Copies = new DiskCopies(Book, options.CopyPatience);
        Discards = new DiskDiscards(Book, options);
        Commands = new CommandDesk(Book, [Claims, Orders, Consoles, Moves, Copies]);
        Addresses = new AddressDesk(Book, options.Addresses([]), store.LoadQuarantine());
        Intake = new RequestIntake(Book);
        Sweep = new RequestSweep(Book, Intake);
        Board = new WaitingBoard(Book, Members, Memory, options.ProgressInterval);
        Offers = new OfferDesk(Book, Pool, builder, Memory, logger);
        Demand = new OfferDemand(options.Role);
        Tracker = new TaskTracker(Book, Members, new PoolTracker(Members, backoff, Memory, logger), Commands, Moves, Strays, logger);
        Killer = new TaskKiller(Book, Members, Strays, options);
        Reconciler = new TaskReconciler(new OwnedTasks(Book, Members));
    }

    public RequestBook Book { get; }

    public PoolBook Members { get; }

    public PoolDesk Pool { get; }

    public ClaimDesk Claims { get; }

    public MachineOrders Orders { get; }

    public ConsoleOrders Consoles { get; }

    public DiskMoves Moves { get; }

    public DiskCopies Copies { get; }

    public DiskDiscards Discards { get; }

    public CommandDesk Commands { get; }

    public AddressDesk Addresses { get; }

    public RequestIntake Intake { get; }

    public RequestSweep Sweep { get; }

    public AgentMemory Memory { get; } = new();

    public WaitingBoard Board { get; }

    public OfferDesk Offers { get; }

    public OfferDemand Demand { get; }

    public StrayTasks Strays { get; } = new();

    public TaskTracker Tracker { get; }

    public TaskKiller Killer { get; }

    public TaskReconciler Reconciler { get; }
}
