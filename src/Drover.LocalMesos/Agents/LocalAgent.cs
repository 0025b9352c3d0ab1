using System.Net;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>A Mesos agent for one machine: the v1 executor API and the operator's questions over loopback HTTP, and executors as processes.</summary>
/// <remarks>
/// Whatever it does is stored before. Disposing is like being killed: executors go on, and a new agent on the same folder, with the same address, finds
/// them again. It offers CPUs, memory and disk as it is told and isolates nothing: executors run as its own user.
/// </remarks>
public sealed class LocalAgent : IAsyncDisposable
{
    private readonly AgentContext _agent;
    private readonly LoopbackServer _server;
    private readonly MasterLink _link;
    private readonly ExecutorSupervisor _supervisor;
    private readonly Fetcher _fetcher;

    private LocalAgent(AgentContext agent, LoopbackServer server, MasterLink link, ExecutorSupervisor supervisor, Fetcher fetcher)
    {
        _agent = agent;
        _server = server;
        _link = link;
        _supervisor = supervisor;
        _fetcher = fetcher;
    }

    public Uri Uri => _server.Uri;

    /// <summary>Completes with the reason when state could not be stored: the agent has stopped answering and must be disposed.</summary>
    public Task<Exception> Failed => _agent.Mailbox.Failed;

    /// <exception cref="IOException">The address is taken, or the data folder cannot be used.</exception>
    public static async Task<LocalAgent> StartAsync(LocalAgentOptions options, TimeProvider time, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var logger = logging.CreateLogger<LocalAgent>();
        var store = new AgentStore(Path.Combine(options.DataDirectory, "agent.db"), options.Reached);
        var mailbox = new Mailbox(time, logger);
        var fetcher = new Fetcher(Path.Combine(options.DataDirectory, "fetch"));
        var agent = new AgentContext(options, store, new AgentBooks(), options.Launcher ?? new ChildProcessLauncher(),
            new SandboxLayout(options.DataDirectory), mailbox, time, logger);
        try
        {
            AgentParts? parts = null;
            var server = await LoopbackServer.StartAsync(options.Listen, Path.Combine(options.DataDirectory, "agent.port"), logging,
                (app, endPoint, stopping) =>
                {
                    parts = Compose(agent, fetcher, endPoint);
                    new AgentEndpoints(options.Credentials, mailbox, parts.Executors, parts.Operators, parts.Files, stopping).Map(app);
                }, cancellationToken);
            try
            {
                await mailbox.AskAsync(() =>
                {
                    parts!.Recovery.Run();
                    parts.Recovery.OpenWindow();
                    parts.Collector.Start();
                });
                return new LocalAgent(agent, server, parts!.Link, parts.Supervisor, fetcher);
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await mailbox.DisposeAsync();
            store.Dispose();
            fetcher.Dispose();
            throw;
        }
    }

    /// <summary>Tells every executor to end and waits until all are gone; those that take longer than their grace period are killed.</summary>
    public async Task StopExecutorsAsync(CancellationToken cancellationToken)
    {
        var ends = await _agent.Mailbox.AskAsync(() =>
        {
            var living = _agent.Books.Living.ToList();
            living.ForEach(_supervisor.Terminate);
            return living.Select(e => e.Process?.Exited ?? Task.CompletedTask).ToList();
        });
        await Task.WhenAll(ends).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.Mailbox.DisposeAsync();
        await _link.DisposeAsync();
        await _server.DisposeAsync();
        _agent.Store.Dispose();
        _fetcher.Dispose();
    }

    private static AgentParts Compose(AgentContext agent, Fetcher fetcher, IPEndPoint endPoint)
    {
        var updates = new StatusUpdates(agent);
        var reports = new TaskReports(agent, updates);
        var description = new AgentDescription(agent.Options, agent.Books, endPoint);
        var supervisor = new ExecutorSupervisor(agent, fetcher, reports, endPoint);
        var collector = new SandboxCollector(agent);
        var executors = new ExecutorCalls(agent, updates, reports, supervisor, description);
        var recovery = new AgentRecovery(agent, updates, supervisor);
        var registrar = new AgentRegistrar(agent, updates, description);
        var link = new MasterLink(agent, registrar, new MasterEvents(agent, updates, reports, supervisor, executors));
        updates.Closed = (framework, task) =>
        {
            if (agent.Books.Find(framework, task) is var (executor, _))
            {
                executor.Close(task);
                collector.Retire(executor);
            }
        };
        supervisor.Ended = executor =>
        {
            recovery.NoLongerAwaited(executor);
            collector.Retire(executor);
        };
        executors.Subscribed = recovery.NoLongerAwaited;
        recovery.Recovered = link.Start;
        return new AgentParts(supervisor, executors, new AgentOperatorCalls(agent.Books, registrar, description),
            new AgentFiles(agent.Sandboxes, agent.Books), recovery, collector, link);
    }

    private sealed record AgentParts(
        ExecutorSupervisor Supervisor, ExecutorCalls Executors, AgentOperatorCalls Operators, AgentFiles Files, AgentRecovery Recovery, SandboxCollector Collector, MasterLink Link);
}
