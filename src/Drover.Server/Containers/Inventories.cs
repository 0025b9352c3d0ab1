using System.Collections.Concurrent;
using Drover.Server.Agents;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Containers;

/// <summary>An inventory for each host whose link carries streams.</summary>
internal sealed class Inventories : IHostedService, IDisposable
{
    private readonly AgentLinks _links;
    private readonly ContainerBoard _board;
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly ILogger<Inventories> _logger;
    private readonly ConcurrentDictionary<long, Watched> _hosts = new();
    private readonly CancellationTokenSource _over = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Inventories(AgentLinks links, ContainerBoard board, Database database, TimeProvider time, ILogger<Inventories> logger)
    {
        (_links, _board, _database, _time, _logger) = (links, board, database, time, logger);
        links.Ready = Begin;
        links.Lost = End;
        links.HostGone = Forget;
    }

    /// <summary>A host is gone for good.</summary>
    public Action<long>? Forgotten { get; set; }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _over.CancelAsync();
        await Task.WhenAll(_hosts.Values.Select(host => host.Following)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _over.Dispose();

    /// <summary>Docker of the host, while its link stands.</summary>
    public HostDocker? DockerOf(long hostId) => _hosts.Values.FirstOrDefault(host => host.HostId == hostId)?.Docker;

    /// <summary>Docker of the host, as soon as its link stands.</summary>
    public async Task<HostDocker> WaitForDockerAsync(long hostId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (DockerOf(hostId) is { } docker)
            {
                return docker;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Begin(long agentId, long hostId)
    {
        End(agentId);
        var watched = new Watched(hostId, new HostDocker(_links, agentId), CancellationTokenSource.CreateLinkedTokenSource(_over.Token));
        watched.Following = FollowAsync(watched);
        _hosts[agentId] = watched;
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private void End(long agentId)
    {
        if (_hosts.TryRemove(agentId, out var watched))
        {
            watched.Over.Cancel();
        }
    }

    private void Forget(long hostId)
    {
        foreach (var agentId in _hosts.Where(host => host.Value.HostId == hostId).Select(host => host.Key))
        {
            End(agentId);
        }

        _board.Forget(hostId);
        Forgotten?.Invoke(hostId);
    }

    private async Task FollowAsync(Watched watched)
    {
        await Task.Yield(); // the link goes on
        try
        {
            var account = await _database.RunAsync(db => db.Hosts.Where(h => h.Id == watched.HostId).Select(h => h.AccountId).FirstAsync(watched.Over.Token), watched.Over.Token);
            await new HostInventory(watched.Docker, _board, watched.HostId, account, _time, _logger).RunAsync(watched.Over.Token);
        }
        catch (OperationCanceledException)
        {
            // The link is over.
        }
        finally
        {
            watched.Docker.Dispose();
            watched.Over.Dispose();
        }
    }

    private sealed class Watched(long hostId, HostDocker docker, CancellationTokenSource over)
    {
        public long HostId => hostId;

        public HostDocker Docker => docker;

        public CancellationTokenSource Over => over;

        public Task Following { get; set; } = Task.CompletedTask;
    }
}
