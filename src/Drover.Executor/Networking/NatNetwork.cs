using System.Diagnostics.CodeAnalysis;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Networking;

/// <summary>A network of Drover's own on one computer: machines reach each other by address and name (<c>web-1.drover</c>), the computer reaches them, they reach
/// the world behind its address. Of the computer itself they reach the control plane and nothing else.</summary>
/// <remarks>Needs root: a bridge, a packet filter table and a dnsmasq, shared by the machines of a state folder (<see cref="NatSwitch"/>).
/// TODO-security: machines of all environments share the wire; nothing keeps one from answering for another's address.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "RemoveAsync ends what it owns and is called at the end of every life.")]
internal sealed class NatNetwork(MachineContext context, NetworkChoice choice) : INetworkDriver
{
    internal const string Name = "nat";
    private static readonly TimeSpan WatchPause = TimeSpan.FromSeconds(15);

    private readonly NetworkFolder folder = new(context.StateDirectory);
    private readonly NatSwitch shared = new(context.StateDirectory, context.Options, context.Time);
    private readonly CancellationTokenSource over = new();
    private Task watching = Task.CompletedTask;
    private NetworkUse? use;
    private FileLock? hold;
    private SafeFileHandle? tap;
    private bool changedForwarding;

    public NetworkChoice Choice => changedForwarding
        ? choice with { Reason = $"{choice.Reason}; IPv4 forwarding (net.ipv4.ip_forward) was off on this computer and is on until its last nat machine is gone" }
        : choice;

    public async Task<NetworkPort> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        using (await folder.LockAsync(context.Time, cancellationToken))
        {
            var others = NatSwitch.UsersOf(folder.Sweep());
            var plan = await shared.ChooseAsync(cancellationToken);
            var taken = others.Select(other => other.Address).OfType<string>().ToList();
            var mine = Use(context.Task) with
            {
                Address = plan.Subnet.AddressFor(context.Task.ExternalId, taken)
                    ?? throw new MachineException($"All addresses of {plan.Subnet} are taken: this computer has no room for another nat machine."),
            };
            context.Options.Reached?.Invoke("nat.use:before");
            hold = folder.Write(mine, null);
            use = mine;
            plan = await shared.EnsureAsync([.. others, mine], progress, cancellationToken);
            changedForwarding = plan.Record.ForwardingWasOff;
            context.Options.Reached?.Invoke("nat.tap:before");
            tap = await TapDevice.OpenAsync(mine.Tap!, plan.Record.Bridge, cancellationToken);
            watching = WatchAsync();
            progress.Report($"The machine has {mine.Address} on the bridge {plan.Record.Bridge} of this computer and is {mine.Hostname}.{NatPlan.Domain} there.");
            return Port(plan, mine);
        }
    }

    public async Task<NetworkPort> AdoptAsync(MachineTask machine, CancellationToken cancellationToken)
    {
        using (await folder.LockAsync(context.Time, cancellationToken))
        {
            var mine = Use(machine) with { ExternalId = use!.ExternalId, Tap = use.Tap, Address = use.Address };
            folder.Write(mine, hold);
            use = mine;
            var plan = await shared.EnsureAsync(NatSwitch.UsersOf(folder.Sweep()), new Silence(), cancellationToken);
            return Port(plan, mine);
        }
    }

    public async Task RemoveAsync()
    {
        await over.CancelAsync();
        await watching;
        tap?.Dispose();
        if (use is null && shared.Current is null)
        {
            return;
        }

        using var turn = await folder.LockAsync(context.Time, CancellationToken.None);
        if (use is not null)
        {
            folder.Remove(use.ExternalId);
            hold?.Dispose();
            hold = null;
            use = null;
        }

        await NetworkSweep.SettleAsync(folder, shared, CancellationToken.None);
    }

    private static NetworkUse Use(MachineTask machine) => new()
    {
        ExternalId = machine.ExternalId,
        Name = machine.Name,
        Hostname = machine.Hostname,
        Network = Name,
        Mac = MacAddress.Of(machine.ExternalId),
        Tap = TapDevice.NameOf(machine.ExternalId),
        EnvironmentId = machine.EnvironmentId,
        ControlPort = new Uri(machine.RegistrationUrl).Port,
    };

    private NetworkPort Port(NatPlan plan, NetworkUse mine)
    {
        var card = TapDevice.Card(mine.ExternalId, tap!) with { Mac = mine.Mac };
        return new NetworkPort([card], new GuestNetwork($"{mine.Address}/{plan.Subnet.Prefix}", plan.Gateway, [plan.Gateway], plan.Gateway) { Mac = card.Mac });
    }

    /// <summary>Brings back what a careless hand or a cluster's clean-up ended: dnsmasq belongs to nobody's life in particular.</summary>
    private async Task WatchAsync()
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(WatchPause, context.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(over.Token))
            {
                if (shared.Current is { } plan && NatSwitch.IsWhole(plan))
                {
                    continue;
                }

                using var turn = await folder.LockAsync(context.Time, over.Token);
                await shared.EnsureAsync(NatSwitch.UsersOf(folder.Sweep()), new Silence(), over.Token);
                context.Options.Log("nat: the bridge or its dnsmasq was gone and is there again");
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is MachineException or IOException or UnauthorizedAccessException)
        {
            context.Options.Log($"nat is damaged and cannot be mended: {e.Message}");
        }
    }

    private sealed class Silence : IProgress<string>
    {
        public void Report(string value)
        {
        }
    }
}
