using System.Globalization;
using Drover.Executor.Machines;
using Drover.Executor.Usage;

namespace Drover.Executor.Networking;

/// <summary>Limits how many bytes per second go through a tap, each way.</summary>
/// <remarks>
/// To the guest: a token bucket at the tap (tc-tbf), which lets what is too much wait; it goes with the tap. From the guest: frames that are too much are dropped
/// where they enter the computer (nftables, hook ingress), because nothing can make a guest wait there; TCP slows down by itself. Tc's own policer would do the same, but
/// is a module that small kernels lack. The filter's table outlives its tap, so it bears the tap's name: whoever clears up after a dead executor, or limits the next tap, removes it.
/// </remarks>
internal static class TapLimit
{
    internal const string TablePrefix = "drover-limit-";

    /// <summary>A segment that a guest hands over whole has up to 64 KiB: less must never be all that may pass at once.</summary>
    private const long LeastBurst = 256 * 1024;

    /// <summary>Replaces the limit; null takes it away.</summary>
    /// <exception cref="MachineException">This computer cannot; then nothing is limited.</exception>
    internal static async Task SetAsync(string tap, long? bytes, CancellationToken cancellationToken)
    {
        await RemoveAsync(tap, cancellationToken);
        if (bytes is not { } rate)
        {
            return;
        }

        await SweepAsync(cancellationToken);
        try
        {
            await NetworkTool.RunAsync("tc", ToGuest(tap, rate), cancellationToken);
            await NetworkTool.RunAsync("nft", [FromGuest(tap, rate)], cancellationToken);
        }
        catch (MachineException)
        {
            await RemoveAsync(tap, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Also when nothing was limited, or when the tap is gone.</summary>
    internal static async Task RemoveAsync(string tap, CancellationToken cancellationToken)
    {
        if (TapCounters.Of(tap) is not null)
        {
            // Refused when there is none.
            await NetworkTool.TryAsync("tc", ["qdisc", "del", "dev", tap, "root"], cancellationToken);
        }

        await DropAsync(TablePrefix + tap, cancellationToken);
    }

    /// <summary>Removes the filters of taps that are gone: executors died, and nobody found their records. Returns the taps.</summary>
    internal static async Task<IReadOnlyList<string>> SweepAsync(CancellationToken cancellationToken)
    {
        if (NetworkTool.Find("nft") is null)
        {
            return [];
        }

        var tables = await NetworkTool.TryAsync("nft", ["list", "tables", "netdev"], cancellationToken);
        var left = tables.Exit.IsSuccess ? TapsOf(tables.Output).Where(tap => TapCounters.Of(tap) is null).ToList() : [];
        foreach (var tap in left)
        {
            await DropAsync(TablePrefix + tap, cancellationToken);
        }

        return left;
    }

    internal static IEnumerable<string> TapsOf(string tables) =>
        tables.Split('\n').Select(line => line.Trim().Split(' ')).Where(words => words is ["table", "netdev", _] && words[2].StartsWith(TablePrefix, StringComparison.Ordinal)).Select(words => words[2][TablePrefix.Length..]);

    internal static IReadOnlyList<string> ToGuest(string tap, long bytes) =>
        ["qdisc", "replace", "dev", tap, "root", "tbf", "rate", $"{Number(bytes)}bps", "burst", $"{Number(Burst(bytes))}b", "latency", "100ms"];

    internal static string FromGuest(string tap, long bytes) =>
        $"table netdev {TablePrefix}{tap} {{ chain guest {{ type filter hook ingress device \"{tap}\" priority 0; policy accept; limit rate over {Number(bytes)} bytes/second burst {Number(Burst(bytes))} bytes counter drop; }}; }}";

    /// <summary>A twentieth of a second.</summary>
    private static long Burst(long bytes) => Math.Max(LeastBurst, bytes / 20);

    private static async Task DropAsync(string table, CancellationToken cancellationToken)
    {
        if (NetworkTool.Find("nft") is not null)
        {
            await NetworkTool.TryAsync("nft", ["delete", "table", "netdev", table], cancellationToken);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
