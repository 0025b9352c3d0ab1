using Drover.Executor.Machines;

namespace Drover.Executor.Networking;

/// <summary>Clears up after machines whose executors died, and undoes what nobody uses any more.</summary>
internal static class NetworkSweep
{
    /// <summary>For <c>drover down</c> and <c>drover doctor --repair</c>. Returns what was done, in sentences.</summary>
    /// <exception cref="MachineException">Something could not be undone; it stays recorded.</exception>
    internal static async Task<IReadOnlyList<string>> RunAsync(string stateDirectory, ExecutorOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new NetworkFolder(stateDirectory);
        if (!Directory.Exists(folder.Path))
        {
            return [];
        }

        using var turn = await folder.LockAsync(time, cancellationToken);
        var shared = new NatSwitch(stateDirectory, options, time);
        var before = shared.Current;
        var dead = folder.Read().Where(found => !found.Alive).ToList();
        foreach (var tap in dead.Select(found => found.Use.Tap).OfType<string>())
        {
            await TapLimit.RemoveAsync(tap, cancellationToken);
        }

        var said = dead.Select(found => $"Removed the network of {found.Use.Name} ({found.Use.Network}), whose executor had died.").ToList();
        await SettleAsync(folder, shared, cancellationToken);
        if (before is not null && shared.Current is null)
        {
            said.Add($"Removed the bridge {before.Record.Bridge} with its filter table and dnsmasq: no machine uses it.");
        }

        return said;
    }

    /// <summary>After a machine went: the nat that nobody uses is undone, else it is told who is left. The caller holds the folder's lock.</summary>
    internal static async Task SettleAsync(NetworkFolder folder, NatSwitch shared, CancellationToken cancellationToken)
    {
        var left = NatSwitch.UsersOf(folder.Sweep());
        if (left.Count == 0)
        {
            await shared.UndoAsync(cancellationToken);
        }
        else if (shared.Current is { } plan)
        {
            await shared.UpdateAsync(plan, left, cancellationToken);
        }
    }
}
