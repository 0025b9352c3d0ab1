using System.Net;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>A Mesos master for one machine: the v1 scheduler and operator APIs over loopback HTTP.</summary>
/// <remarks>
/// Frameworks, their tombstones and agents are stored before anything is answered; tasks come back with their agents. Disposing is like being killed:
/// connections break, agents and executors go on, and a new master on the same folder takes over on the same port.
/// It leads alone, and has no quotas, reservations, volumes, task groups or maintenance; it speaks protobuf only.
/// </remarks>
public sealed class LocalMaster : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private readonly Mailbox _mailbox;
    private readonly MasterStore _store;

    private LocalMaster(LoopbackServer server, Mailbox mailbox, MasterStore store, string id)
    {
        _server = server;
        _mailbox = mailbox;
        _store = store;
        Id = id;
    }

    /// <summary>This run's id; a restarted master has another.</summary>
    public string Id { get; }

    public Uri Uri => _server.Uri;

    /// <summary>Completes with the reason when state could not be stored: the master has stopped answering and must be disposed.</summary>
    public Task<Exception> Failed => _mailbox.Failed;

    /// <exception cref="IOException">The address is taken, or the data folder cannot be used.</exception>
    public static async Task<LocalMaster> StartAsync(
        LocalMasterOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var logger = logging.CreateLogger<LocalMaster>();
        var store = new MasterStore(Path.Combine(options.DataDirectory, "master.db"), options.Reached);
        var mailbox = new Mailbox(time, logger);
        try
        {
            var master = new MasterContext(options, store, new MasterBooks(store), new OfferBook(), mailbox, time, logger);
            MasterParts? parts = null;
            var server = await LoopbackServer.StartAsync(options.Listen, Path.Combine(options.DataDirectory, "master.port"), logging,
                (app, endPoint, stopping) => new MasterEndpoints(options.Credentials, mailbox, parts = Compose(master, endPoint), stopping).Map(app), cancellationToken);
            mailbox.Post(() =>
            {
                parts!.Allocator.Start();
                parts.Liveness.AwaitRecovered();
            });
            return new LocalMaster(server, mailbox, store, master.Books.MasterId);
        }
        catch
        {
            await mailbox.DisposeAsync();
            store.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _mailbox.DisposeAsync();
        await _server.DisposeAsync();
        _store.Dispose();
    }

    private static MasterParts Compose(MasterContext master, IPEndPoint endPoint)
    {
        var filters = new DeclineFilters(master.Time, master.Options.AllocationInterval);
        var allocator = new Allocator(master, filters);
        var returns = new OfferReturns(master, filters);
        var removal = new FrameworkRemoval(master, returns);
        var liveness = new AgentLiveness(master, returns);
        var subscriptions = new Subscriptions(master, allocator, returns, removal, endPoint);
        var scheduler = new SchedulerCalls(
            master, allocator, filters, removal, new AcceptCalls(master, filters), new Reconciliation(master), subscriptions);
        var agents = new AgentCalls(master, new AgentRegistration(master, liveness), allocator);
        return new MasterParts(scheduler, subscriptions, agents, liveness, allocator, new OperatorCalls(master, liveness, removal, endPoint));
    }
}
