using Drover.Api.Cattle;

namespace Drover.Scheduler.Cattle;

/// <summary>When to ask the server again: doubling from 250 ms to 15 s, each delay taken at random from its upper half.</summary>
internal static class Retry
{
    public static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan Cap = TimeSpan.FromSeconds(15);

    public static TimeSpan Delay(int failures)
    {
        var upper = Floor * Math.Pow(2, Math.Min(failures, 16));
        upper = upper < Cap ? upper : Cap;
        return (upper / 2) + (upper / 2 * Random.Shared.NextDouble());
    }

    /// <summary>Trying the same again may help: the server is away or busy, or the key is about to be put right.</summary>
    public static bool MayHelp(CattleException e) => e.IsTransient || e.Status is 401 or 403;
}
