using Drover.Executor.Ledger;

namespace Drover.Executor.Networking;

/// <summary>What machines have of this computer's networks, for the ledger: by use, and what all nat machines share.</summary>
internal static class NetworkInventory
{
    internal static IEnumerable<LedgerEntry> Of(string stateDirectory)
    {
        var uses = new NetworkFolder(stateDirectory).Read();
        foreach (var (use, alive) in uses)
        {
            var state = alive ? LedgerState.Used : LedgerState.LeftBehind;
            if (use.Tap is { } tap && Directory.Exists($"/sys/class/net/{tap}"))
            {
                yield return new LedgerEntry("tap", tap, use.Name, state, use.Network);
            }

            yield return new LedgerEntry("address", use.Address ?? "by DHCP", use.Name, state, use.Group is null ? use.Network : $"{use.Network} {use.Group}");
        }

        if (new NatSwitch(stateDirectory, new ExecutorOptions(), TimeProvider.System).Current is { } plan)
        {
            var state = NatSwitch.UsersOf(uses.Where(found => found.Alive).Select(found => found.Use)).Count > 0 ? LedgerState.Used : LedgerState.LeftBehind;
            yield return new LedgerEntry("bridge", plan.Record.Bridge, null, state, plan.Record.Subnet);
            yield return new LedgerEntry("filter", $"inet {plan.Record.Bridge}", null, state, plan.Record.ForwardingWasOff ? "net.ipv4.ip_forward was switched on for it" : null);
            if (NatSwitch.DnsmasqOf(plan) is { } pid)
            {
                yield return new LedgerEntry("process", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"dnsmasq {pid}"), null, state, plan.Record.Bridge);
            }
        }
    }
}
