using System.Net.NetworkInformation;
using System.Net.Sockets;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Networking;

/// <summary>The guest on the network of its computer, by a port of a bridge that the computer's owner made. Address from that network's DHCP, or from
/// the scheduler's range.</summary>
/// <remarks>Nothing of the bridge is changed. The tap is its only trace and goes with the machine. A spare has its port but no address: those of a LAN are for
/// machines, and it gets one when it becomes a machine, under that machine's hardware address.</remarks>
internal sealed class BridgeNetwork(MachineContext context, NetworkChoice choice) : INetworkDriver
{
    private readonly NetworkFolder folder = new(context.StateDirectory);

    /// <summary>Tap and record keep the name that they were made under, also when a spare becomes a machine.</summary>
    private readonly string id = context.Task.ExternalId;
    private readonly string bridge = NetworkSelector.BridgeOf(choice.Name)!;
    private FileLock? hold;
    private SafeFileHandle? tap;

    public NetworkChoice Choice => choice;

    public async Task<NetworkPort> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        RequireBridge();
        await ProbeAsync(context.Task, progress, cancellationToken);
        using (await folder.LockAsync(context.Time, cancellationToken))
        {
            folder.Sweep();
            context.Options.Reached?.Invoke("bridge.use:before");
            hold = folder.Write(Use(context.Task), null);
        }

        context.Options.Reached?.Invoke("bridge.tap:before");
        tap = await TapDevice.OpenAsync(TapDevice.NameOf(id), bridge, cancellationToken);
        var port = Port(context.Task);
        return context.Task.Kind == TaskKind.Spare ? port with { Guest = port.Guest with { Unconnected = true } } : port;
    }

    public async Task<NetworkPort> AdoptAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        await ProbeAsync(machine, null, cancellationToken);
        using (await folder.LockAsync(context.Time, cancellationToken))
        {
            folder.Write(Use(machine), hold);
        }

        return Port(machine);
    }

    public async Task RemoveAsync()
    {
        tap?.Dispose();
        if (hold is not null)
        {
            using var turn = await folder.LockAsync(context.Time, CancellationToken.None);
            folder.Remove(id);
            hold.Dispose();
            hold = null;
        }
    }

    private async Task ProbeAsync(MachineTask machine, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        if (machine.Address is not { } given)
        {
            return;
        }

        var address = given.Address.Split('/')[0];
        progress?.Report($"Asking whether somebody has {address} already.");
        if (await ArpProbe.WhoHasAsync(bridge, address, context.Time, cancellationToken) is { } other)
        {
            throw new AddressInUseException(given.Address, $"The address {address} is in use on the network of {bridge}: {other} answered for it.");
        }
    }

    private void RequireBridge()
    {
        if (!Directory.Exists($"/sys/class/net/{bridge}/bridge"))
        {
            var bridges = Directory.EnumerateFileSystemEntries("/sys/class/net").Where(path => Directory.Exists(Path.Combine(path, "bridge"))).Select(path => Path.GetFileName(path)).ToList();
            throw new MachineException($"mesosConfig.network is '{choice.Name}', and this computer has no bridge '{bridge}'; {(bridges.Count == 0 ? "it has no bridge at all" : $"it has {string.Join(", ", bridges)}")}.");
        }
    }

    private NetworkUse Use(MachineTask machine) => new()
    {
        ExternalId = id,
        Name = machine.Name,
        Hostname = machine.Hostname,
        Network = choice.Name,
        Mac = MacAddress.Of(machine.ExternalId),
        Address = machine.Address?.Address.Split('/')[0],
        Tap = TapDevice.NameOf(id),
        EnvironmentId = machine.EnvironmentId,
    };

    private NetworkPort Port(MachineTask machine)
    {
        var card = TapDevice.Card(machine.ExternalId, tap!) with { TapName = TapDevice.NameOf(id) };
        var given = machine.Address;
        return new NetworkPort([card], new GuestNetwork(given?.Address, given?.Gateway, given?.NameServers ?? [], OwnAddress()) { Mac = card.Mac });
    }

    /// <summary>How machines on the bridge name this computer; null when it has no address there, and then a control plane on its loopback is out of reach.</summary>
    private string? OwnAddress() => NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(device => device.Name == bridge)?
        .GetIPProperties().UnicastAddresses.FirstOrDefault(address => address.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString();
}

/// <summary>Somebody else has the address that the machine was given: it must be another one.</summary>
internal sealed class AddressInUseException(string address, string message) : MachineException(message)
{
    /// <summary>With prefix, as it was given.</summary>
    internal string Address { get; } = address;
}
