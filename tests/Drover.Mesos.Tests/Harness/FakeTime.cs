using Drover.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Mesos.Tests.Harness;

internal static class FakeTime
{
    /// <summary>Moves fake time in steps while the program does what it makes it do.</summary>
    public static async Task AdvanceUntilAsync(this FakeTimeProvider time, TimeSpan step, Func<bool> done)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !done();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "The state did not come.");
            time.Advance(step);
            await Rest.OfAllAsync(TestContext.Current.CancellationToken);
        }
    }
}
