using Drover.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

/// <summary>Moves fake time in small steps while the programs do what it makes them do.</summary>
internal static class FakeClusterExtensions
{
    public static async Task AdvanceUntilAsync(this FakeTimeProvider time, Func<bool> done, string what, double stepSeconds = 0.5)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !done();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"waited for {what}");
            time.Advance(TimeSpan.FromSeconds(stepSeconds));
            await Rest.OfAllAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Moves time by so much, in steps, each of which gives the programs a moment.</summary>
    public static async Task PassAsync(this FakeTimeProvider time, double seconds, double stepSeconds = 0.5)
    {
        for (var passed = 0.0; passed < seconds; passed += stepSeconds)
        {
            time.Advance(TimeSpan.FromSeconds(stepSeconds));
            await Rest.OfAllAsync(TestContext.Current.CancellationToken);
        }
    }
}
