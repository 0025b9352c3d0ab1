using System.Diagnostics;

namespace Drover.Scenarios.Tests;

/// <summary>Waits for a state of the outside world that offers no notification.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    /// <summary>Asks until <paramref name="holds"/> is true; fails with what was last seen.</summary>
    public static async Task<T> BecomesAsync<T>(string what, Func<Task<T>> look, Func<T, bool> holds, TimeSpan limit, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            var seen = await look();
            if (holds(seen))
            {
                return seen;
            }

            Assert.True(clock.Elapsed < limit, $"{what} did not happen within {limit}; last seen: {seen}");
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
