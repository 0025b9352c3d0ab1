using System.Threading.Channels;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Containers;

/// <summary>Keeps the board in step with one host's Docker for as long as its link stands: a snapshot once no event can be missed, then what events name.</summary>
/// <remarks>
/// <code>subscribing → snapshot → following, and back when the stream ends or Docker does not answer</code>
/// An event is only a hint to look again, so nothing depends on its order or on all of them coming. Docker tells of an end before its own list shows it
/// (its <c>handleContainerExit</c> writes the event first), so each hint is followed by some later looks.
/// </remarks>
internal sealed partial class HostInventory(HostDocker docker, ContainerBoard board, long hostId, long? accountId, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan[] s_looks = [TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)];

    private readonly Channel<Touch> _touched = Channel.CreateUnbounded<Touch>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Runs until cancelled: Docker in the guest may be started again, and the link returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var pause = s_firstPause; ; pause = pause * 2 > s_longestPause ? s_longestPause : pause * 2)
        {
            var began = time.GetTimestamp();
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The link or Docker is away: what was known stays until somebody knows better.
                LogBroke(logger, hostId, DockerFault.Away(e));
            }

            if (time.GetElapsedTime(began) > s_longestPause)
            {
                pause = s_firstPause;
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var looking = Task.CompletedTask;
        try
        {
            await docker.FollowAsync(
                async () =>
                {
                    board.Replace(hostId, await ListAsync(null, over.Token));
                    looking = LookUntilItBreaksAsync(over);
                },
                (action, id) =>
                {
                    // What happens inside a container changes nothing of it.
                    if (id.Length >= 12 && !action.StartsWith("exec_", StringComparison.Ordinal) && action is not ("attach" or "top" or "resize" or "archive-path" or "extract-to-dir" or "export"))
                    {
                        _touched.Writer.TryWrite(new Touch(id, 0));
                    }
                },
                over.Token);
        }
        catch (OperationCanceledException) when (looking.IsFaulted)
        {
            await looking;
        }
        finally
        {
            await over.CancelAsync();
            await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Without the looks the events would be read in vain.</summary>
    private async Task LookUntilItBreaksAsync(CancellationTokenSource over)
    {
        try
        {
            await LookAsync(over.Token);
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <summary>What comes during one look is answered by the next.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var touches = new List<Touch> { await _touched.Reader.ReadAsync(cancellationToken) };
            while (_touched.Reader.TryRead(out var more))
            {
                touches.Add(more);
            }

            var touched = touches.Select(touch => touch.Id).ToHashSet(StringComparer.Ordinal);
            var found = await ListAsync(touched, cancellationToken);
            board.Put(hostId, found);
            foreach (var gone in touched.Except(found.Select(container => container.DockerId), StringComparer.Ordinal))
            {
                board.Remove(hostId, gone);
            }

            foreach (var round in touches.Where(touch => touch.Looks < s_looks.Length).Distinct().GroupBy(touch => touch.Looks))
            {
                _ = TouchAgainAsync([.. round], s_looks[round.Key], cancellationToken);
            }
        }
    }

    private async Task TouchAgainAsync(List<Touch> touches, TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var touch in touches)
        {
            _touched.Writer.TryWrite(touch with { Looks = touch.Looks + 1 });
        }
    }

    private async Task<IReadOnlyCollection<ContainerRow>> ListAsync(IReadOnlyCollection<string>? ids, CancellationToken cancellationToken)
    {
        var filters = ids?.ToDictionary(id => id, _ => true, StringComparer.Ordinal);
        var told = await docker.Client.Containers.ListContainersAsync(
            new ContainersListParameters { All = true, Filters = filters is null ? null : new Dictionary<string, IDictionary<string, bool>>(StringComparer.Ordinal) { ["id"] = filters } },
            cancellationToken);
        return [.. told.Select(container => ContainerRow.Of(container, hostId, accountId))];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Containers of host {HostId} are read anew: {Reason}")]
    private static partial void LogBroke(ILogger logger, long hostId, string reason);

    /// <summary>A container to look at, and how often that was done since its event.</summary>
    private readonly record struct Touch(string Id, int Looks);
}
