using System.Collections.Concurrent;
using Drover.Server.Registries;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Containers.Orders;

/// <summary>Makes the containers that were asked for: each order is stored before anything is done, runs until its container is there, and is taken up again after a restart.</summary>
/// <remarks>
/// <code>stored → image → container → started → (row deleted: Docker is the truth)
///    any → failed, kept with its reason until it is removed or tried again</code>
/// While the host is away an order waits: links return by themselves.
/// </remarks>
internal sealed partial class ContainerOrders(Database database, ContainerBoard board, Inventories inventories, RegistryLogins logins, TimeProvider time, ILogger<ContainerOrders> logger) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<long, Running> _running = new();
    private readonly CancellationTokenSource _over = new();

    /// <summary>Runs an order that is stored.</summary>
    public void Begin(ContainerOrderRow order)
    {
        board.Show(ContainerRow.Of(order));
        if (order.Failure is null)
        {
            var running = new Running(order, CancellationTokenSource.CreateLinkedTokenSource(_over.Token));
            if (_running.TryAdd(order.Id, running))
            {
                running.Work = Task.Run(() => RunAsync(running));
            }
        }
    }

    /// <summary>Tries a failed order again.</summary>
    /// <returns>False when there is none for this container.</returns>
    public async Task<bool> RetryAsync(ContainerRow container, CancellationToken cancellationToken)
    {
        var order = await database.RunAsync(
            async db =>
            {
                var found = await db.ContainerOrders.FirstOrDefaultAsync(o => o.HostId == container.HostId && o.Uuid == container.Uuid, cancellationToken);
                if (found is not null)
                {
                    found.Failure = null;
                    await db.StoreAsync("order.retry", cancellationToken);
                }

                return found;
            },
            cancellationToken);
        if (order is not null)
        {
            Begin(order);
        }

        return order is not null;
    }

    /// <summary>Gives an order up and removes what it has made.</summary>
    /// <returns>False when there is none for this container.</returns>
    /// <exception cref="HttpRequestException">Something was made, and its host is away.</exception>
    public async Task<bool> RemoveAsync(ContainerRow container, CancellationToken cancellationToken)
    {
        var order = await database.RunAsync(db => db.ContainerOrders.FirstOrDefaultAsync(o => o.HostId == container.HostId && o.Uuid == container.Uuid, cancellationToken), cancellationToken);
        if (order is null)
        {
            return false;
        }

        if (_running.TryGetValue(order.Id, out var running))
        {
            await running.Over.CancelAsync();
            await running.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var docker = inventories.DockerOf(order.HostId);
        if (docker is null && board.OfHost(order.HostId).Any(c => c.Uuid == order.Uuid && c.Removed is null))
        {
            throw new HttpRequestException("The host is not connected at present; its link returns by itself.");
        }

        // Given up before it is undone: a server that dies in between must not make it again. What is left is then Docker's, and seen.
        await DeleteAsync(order, cancellationToken);
        if (docker is not null)
        {
            await new OrderSteps(docker, logins, board).UndoAsync(order, cancellationToken);
        }

        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        inventories.Forgotten = Forget;
        foreach (var order in await database.RunAsync(db => db.ContainerOrders.AsNoTracking().ToListAsync(stoppingToken), stoppingToken))
        {
            Begin(order);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _over.CancelAsync();
        await Task.WhenAll(_running.Values.Select(running => running.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        base.Dispose();
        _over.Dispose();
    }

    /// <summary>The host's rows are deleted already.</summary>
    private void Forget(long hostId)
    {
        foreach (var running in _running.Values.Where(running => running.Order.HostId == hostId))
        {
            running.IsForgotten = true;
            running.Over.Cancel();
        }
    }

    private async Task RunAsync(Running running)
    {
        var order = running.Order;
        var token = running.Over.Token;
        try
        {
            while (!await TryAsync(order, token))
            {
                await Task.Delay(s_pause, time, token);
            }

            await DeleteAsync(order, token);
            LogMade(logger, order.Name, order.HostId);
        }
        catch (OrderFailure e)
        {
            LogFailed(logger, order.Name, order.HostId, e.Message);
            await KeepAsync(order, e.Message);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // It is taken up again after a restart, or was given up.
        }
        catch (Exception e)
        {
            LogBroken(logger, e, order.Name, order.HostId);
            await KeepAsync(order, $"It could not be made: {e.Message}");
        }
        finally
        {
            _running.TryRemove(order.Id, out _);
            if (running.IsForgotten)
            {
                board.EndOrder(ContainerRow.Of(order).Id);
            }
        }
    }

    /// <returns>False when the way to the host broke.</returns>
    private async Task<bool> TryAsync(ContainerOrderRow order, CancellationToken cancellationToken)
    {
        if (inventories.DockerOf(order.HostId) is null)
        {
            board.Show(ContainerRow.Of(order).At("creating", "Waits for its host to be connected"));
        }

        var docker = await inventories.WaitForDockerAsync(order.HostId, cancellationToken);
        try
        {
            await new OrderSteps(docker, logins, board).RunAsync(order, board.Show, cancellationToken);
            return true;
        }
        catch (Exception e) when (DockerFault.IsAway(e, cancellationToken))
        {
            board.Show(ContainerRow.Of(order).At("creating", $"The host cannot be reached ({DockerFault.Away(e)}); it goes on when it can"));
            return false;
        }
    }

    private async Task KeepAsync(ContainerOrderRow order, string failure)
    {
        order.Failure = failure.Length > 2000 ? failure[..2000] + "…" : failure;
        await database.RunAsync(
            async db =>
            {
                if (await db.ContainerOrders.FindAsync([order.Id]) is { } stored)
                {
                    stored.Failure = order.Failure;
                    await db.StoreAsync("order.failed", CancellationToken.None);
                }
            },
            CancellationToken.None);

        // Who sees the failure may try again at once.
        _running.TryRemove(order.Id, out _);
        board.Show(ContainerRow.Of(order));
    }

    private async Task DeleteAsync(ContainerOrderRow order, CancellationToken cancellationToken)
    {
        await database.RunAsync(
            async db =>
            {
                if (await db.ContainerOrders.FindAsync([order.Id], cancellationToken) is { } stored)
                {
                    db.ContainerOrders.Remove(stored);
                    await db.StoreAsync("order.done", cancellationToken);
                }
            },
            cancellationToken);
        board.EndOrder(ContainerRow.Of(order).Id);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Container {Name} was made on host {HostId}")]
    private static partial void LogMade(ILogger logger, string name, long hostId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Container {Name} could not be made on host {HostId}: {Reason}")]
    private static partial void LogFailed(ILogger logger, string name, long hostId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Making container {Name} on host {HostId} broke")]
    private static partial void LogBroken(ILogger logger, Exception exception, string name, long hostId);

    private sealed class Running(ContainerOrderRow order, CancellationTokenSource over)
    {
        public ContainerOrderRow Order => order;

        public CancellationTokenSource Over => over;

        public bool IsForgotten { get; set; }

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
