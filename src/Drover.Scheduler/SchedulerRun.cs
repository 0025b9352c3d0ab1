using System.Collections.Immutable;
using Drover.Api.Cattle;
using Drover.Mesos;
using Drover.Scheduler.Artifacts;
using Drover.Scheduler.Cattle;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Session;
using Drover.Scheduler.Storage;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler;

/// <summary>One life of the scheduler on its database: the loop and all that works beside it. Ends as a whole when any part ends.</summary>
internal sealed class SchedulerRun : ISchedulerActions, IAsyncDisposable
{
    private readonly SchedulerStore _store;
    private readonly SchedulerLoop _loop;
    private readonly IMasterLink _link;
    private readonly CallSender _calls;
    private readonly Outbox _outbox;
    private readonly ProgressPublisher _progress;
    private readonly RetryingWorker<string> _loader;
    private readonly RetryingWorker<string> _supplier;
    private readonly PoolSync _pool;
    private readonly CattleSession _server;
    private readonly OperatorClient _agents;

    public SchedulerRun(SchedulerOptions options, SchedulerParts parts)
    {
        var client = new CattleClient(parts.Http, new Uri(options.CattleUrl), CattleClient.Basic(options.AccessKey, options.SecretKey));
        var logger = parts.Logger;
        var live = new LiveState { Counts = parts.Status.Counts };
        _store = SchedulerStore.Open(options.DataDirectory, parts.Reached);
        _loop = new SchedulerLoop(options, _store, live, parts.Time, logger);
        parts.Status.Follow(live);
        _link = parts.Link(() => FrameworkDescription.Subscription(options, live.FrameworkId));
        _calls = new CallSender(_link, logger, parts.Reached);
        _outbox = new Outbox(client, parts.Time, (id, token) => _loop.PostAsync(new SchedulerInput.Delivered(id), token), logger, parts.Reached);
        _progress = new ProgressPublisher(client, options, parts.Time, logger);
        var machines = new MachineLoader(client, parts.Catalog, new RegistrationTokens(client, options, parts.Time), parts.Time);
        _loader = new RetryingWorker<string>(8, TimeSpan.Zero, parts.Time, async (machineId, failures, token) =>
        {
            var load = await machines.LoadAsync(machineId, live.Requests.GetValueOrDefault(machineId), token);
            await _loop.PostAsync(new SchedulerInput.MachineLoaded(machineId, load), token);
            return load is MachineLoad.Unavailable ? Retry.Delay(failures) : null;
        });
        _supplier = new RetryingWorker<string>(1, TimeSpan.Zero, parts.Time, async (image, _, token) =>
        {
            await _loop.PostAsync(new SchedulerInput.PoolSupplied(image, await PoolSupply.LoadAsync(parts.Catalog, image)), token);
            return null;
        });
        _pool = new PoolSync(client, options, parts.Time, (settings, token) => _loop.PostAsync(new SchedulerInput.PoolSettingsRead(settings), token), logger);
        _agents = new OperatorClient(options.Principal is null ? null : MesosAuthorizations.Basic(options.Principal, options.Secret ?? ""), TimeSpan.FromSeconds(10));
        _server = new CattleSession(
            client,
            new HandlerRegistration(client, options, parts.Time, logger),
            new MachineCensus(client),
            new ConsoleReader(client, _agents, live, logger),
            new UsageReader(client, _agents, live, logger),
            new TrialAnswers(client, _loop, live, parts.Time, logger),
            _pool,
            live,
            _loop,
            parts.Time,
            logger);
    }

    /// <summary>Runs until cancelled, or until one part fails; then everything is stopped and what failed is thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var parts = new List<Task>
        {
            _loop.RunAsync(this, stop.Token),
            _calls.RunAsync(stop.Token),
            _outbox.RunAsync(stop.Token),
            _progress.RunAsync(stop.Token),
            _loader.RunAsync(stop.Token),
            _supplier.RunAsync(stop.Token),
            _pool.RunAsync(stop.Token),
            _server.RunAsync(stop.Token),
            ListenAsync(stop.Token),
        };
        try
        {
            _link.Start();
            await await Task.WhenAny(parts);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        _agents.Dispose();
        _store.Dispose();
    }

    void ISchedulerActions.Resume(IEnumerable<OutboxItem> outbox, IEnumerable<string> toPrepare)
    {
        foreach (var item in outbox)
        {
            _outbox.Add(item);
        }

        foreach (var machineId in toPrepare)
        {
            _loader.Set(machineId, machineId);
        }
    }

    async ValueTask ISchedulerActions.ActAsync(Turn turn, CancellationToken cancellationToken)
    {
        foreach (var item in turn.Changes.Outbox)
        {
            // No progress may follow a last word.
            _progress.Forget(item.MachineId);
            _outbox.Add(item);
        }

        foreach (var call in turn.Calls)
        {
            await _calls.SendAsync(call, cancellationToken);
        }

        foreach (var machineId in turn.ToPrepare)
        {
            _loader.Set(machineId, machineId);
        }

        foreach (var image in turn.ToSupply)
        {
            _supplier.Set(image, image);
        }

        foreach (var machineId in turn.Changes.Forgotten)
        {
            _progress.Forget(machineId);
        }
    }

    void ISchedulerActions.ShowPool(ImmutableDictionary<string, PoolMember> members) => _pool.Show(members.Values);

    void ISchedulerActions.Show(MachineRequest request, MachineView view) => _progress.Show(request, view);

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var signal in _link.Signals.ReadAllAsync(cancellationToken))
        {
            await _loop.PostAsync(new SchedulerInput.Master(signal), cancellationToken);
        }

        // The connection gave up; the loop knows why and goes on without it.
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

/// <summary>What a run is made with, beside its options.</summary>
internal sealed record SchedulerParts
{
    public required HttpClient Http { get; init; }

    public required ArtifactCatalog Catalog { get; init; }

    public required SchedulerStatus Status { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Makes the link to the master; it asks for the subscription each time it subscribes.</summary>
    public required Func<Func<FrameworkSubscription>, IMasterLink> Link { get; init; }

    /// <summary>Called around every durable write and every act that it allows; for tests that stop the process there.</summary>
    public Action<string>? Reached { get; init; }
}
