using Drover.Agent.Channel;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Session;

/// <summary>Takes identities from the channel, refuses what this agent cannot use, and wakes the session for those that say something new.</summary>
internal sealed class IdentityInbox(GuestChannel channel, AgentLog log) : IDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _arrived = new();
    private GuestIdentity? _current;

    /// <summary>Cancelled when an identity waits to be taken.</summary>
    public CancellationToken Arrived
    {
        get
        {
            lock (_lock)
            {
                return _arrived.Token;
            }
        }
    }

    /// <summary>Waits until <see cref="Arrived"/> is cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Arrived.Register(arrived.SetResult);
        await arrived.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The newest identity; from now on only another one counts as new.</summary>
    public GuestIdentity Take()
    {
        lock (_lock)
        {
            // Not disposed here: whoever cancelled it may still be at it, and without a timer it holds nothing.
            _arrived = new CancellationTokenSource();
            return _current!;
        }
    }

    public void Dispose() => _arrived.Dispose();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in channel.Identities.ReadAllAsync(cancellationToken))
        {
            if (Problem(message) is { } problem)
            {
                log.Say(problem);
                await channel.SayAsync(new GuestMessage { Type = GuestMessage.Failure, StageName = MachineStage.Boot, Message = problem }, cancellationToken);
                continue;
            }

            var identity = Complete(message.Guest!);
            CancellationTokenSource? wake = null;
            lock (_lock)
            {
                if (_current is null || !Same(_current, identity))
                {
                    _current = identity;
                    wake = _arrived;
                }
            }

            if (wake is not null)
            {
                await wake.CancelAsync();
            }
        }
    }

    /// <summary>Whether both tell the same guest the same; the clock and fresh entropy in it do not count.</summary>
    internal static bool Same(GuestIdentity a, GuestIdentity b) =>
        (a.MachineUuid, a.Hostname, a.RegistrationUrl, a.Address, a.Gateway) == (b.MachineUuid, b.Hostname, b.RegistrationUrl, b.Address, b.Gateway)
        && a.NameServers.SequenceEqual(b.NameServers, StringComparer.Ordinal)
        && a.Labels.Count == b.Labels.Count
        && a.Labels.All(l => b.Labels.TryGetValue(l.Key, out var value) && value == l.Value);

    /// <summary>A property that the JSON lacks is null after reading, whatever its initial value says: source-generated readers set every
    /// <c>init</c> property.</summary>
    internal static GuestIdentity Complete(GuestIdentity identity) => identity with
    {
        NameServers = identity.NameServers ?? [],
        Labels = identity.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal),
    };

    private static string? Problem(GuestMessage message)
    {
        if (message.Protocol is { } protocol && protocol != GuestMessage.CurrentProtocol)
        {
            return $"the executor speaks guest protocol {protocol}, this image's agent {GuestMessage.CurrentProtocol}: use an image of the same version";
        }

        return message.Guest is { MachineUuid.Length: > 0, Hostname.Length: > 0, RegistrationUrl.Length: > 0 }
            ? null
            : "the executor's identity lacks uuid, host name or registration address";
    }
}
