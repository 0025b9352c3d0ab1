using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Networking;

/// <summary>QEMU's own user-mode network: needs no privilege and nothing on the computer. Beside it, a private segment with the machines of the same
/// environment on this computer.</summary>
/// <remarks>The guest is 10.0.2.15/24 behind address translation inside the QEMU process. 10.0.2.2 is gateway and this computer's loopback,
/// 10.0.2.3 answers DNS. Nobody reaches the guest from outside; its agent's link goes outward.
/// TODO-security: a guest reaches whatever listens on this computer's loopback (docs/decisions/0041).</remarks>
internal sealed class UserNetwork(MachineContext context, NetworkChoice choice) : INetworkDriver
{
    internal const string Name = "user";
    internal const string ThisMachine = "10.0.2.2";

    private readonly Segment segment = new(context);

    public NetworkChoice Choice => choice;

    public Task<NetworkPort> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken) => PortAsync(context.Task, cancellationToken);

    public Task<NetworkPort> AdoptAsync(MachineTask machine, CancellationToken cancellationToken) => PortAsync(machine, cancellationToken);

    public Task RemoveAsync() => segment.LeaveAsync();

    private async Task<NetworkPort> PortAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        var card = new NetworkCard { Id = "net0", Mac = MacAddress.Of(machine.ExternalId), Backend = json => json.WriteString("type", "user") };
        var guest = new GuestNetwork("10.0.2.15/24", ThisMachine, ["10.0.2.3"], ThisMachine) { Mac = card.Mac };
        return await segment.JoinAsync(machine, cancellationToken) is not { } second
            ? new NetworkPort([card], guest)
            : new NetworkPort([card, second.Card], guest with { Cards = [new GuestCard { Mac = second.Card.Mac, Address = second.Address }] });
    }
}

/// <summary>A wire between the machines of one environment on one computer: a multicast group on the loopback, QEMU's <c>socket</c> back end.</summary>
/// <remarks>Needs no privilege. Each environment has a group of its own; whoever may run programs on the computer may listen to all of them, as with its
/// loopback in general. Addresses are of 198.18.0.0/16 (RFC 2544: never routed), given by a hash with a look at who has it.</remarks>
internal sealed class Segment(MachineContext context)
{
    private const string Name = "segment";
    private static readonly Subnet Network = Subnet.Parse("198.18.0.0/16");

    private readonly NetworkFolder folder = new(context.StateDirectory);
    private NetworkUse? use;
    private FileLock? hold;

    /// <summary>The card, and its address with prefix. Null for a machine without an environment, and where the computer has no such loopback.</summary>
    internal async Task<(NetworkCard Card, string Address)?> JoinAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        if (machine.EnvironmentId is not { Length: > 0 } environment)
        {
            return null;
        }

        if (MulticastGroup.WhyNot() is { } why)
        {
            context.Options.Log($"The machine gets no segment with others of its environment: {why}");
            return null;
        }

        using var turn = await folder.LockAsync(context.Time, cancellationToken);
        var others = folder.Sweep().Where(other => other.Network == Name && other.ExternalId != context.Task.ExternalId).ToList();
        var group = others.FirstOrDefault(other => other.EnvironmentId == environment)?.Group
            ?? MulticastGroup.For(context.StateDirectory, environment, [.. others.Select(other => other.Group).OfType<string>()]);
        var address = Network.AddressFor(machine.ExternalId, [.. others.Where(other => other.Group == group).Select(other => other.Address).OfType<string>()]);
        if (address is null)
        {
            return null;
        }

        var mine = new NetworkUse
        {
            ExternalId = context.Task.ExternalId,
            Name = machine.Name,
            Hostname = machine.Hostname,
            Network = Name,
            Mac = MacAddress.Of(machine.ExternalId, card: 1),
            Address = address,
            EnvironmentId = environment,
            Group = group,
        };
        hold = folder.Write(mine, hold);
        use = mine;
        return (MulticastGroup.Card(mine), $"{address}/{Network.Prefix}");
    }

    internal async Task LeaveAsync()
    {
        if (use is null)
        {
            return;
        }

        using var turn = await folder.LockAsync(context.Time, CancellationToken.None);
        folder.Remove(use.ExternalId);
        hold?.Dispose();
        (hold, use) = (null, null);
    }
}
