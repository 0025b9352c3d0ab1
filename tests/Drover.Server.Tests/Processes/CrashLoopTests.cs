using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Processes;

/// <summary>The server is killed at each stored step of a machine's whole life and started again on the same data. Every time the machine must
/// become active and then removed, made once and taken down once, with every process ended once.</summary>
public class CrashLoopTests
{
    [Fact]
    public async Task Machine_ServerKilledAtEachStoredStep_EndsActiveThenRemovedExactlyOnce()
    {
        var (points, _) = await CrashRun.LiveAsync(crashAt: int.MaxValue);
        var passedBy = 0;
        Assert.InRange(points.Count, 20, 400);
        Assert.Contains("process.intent:before", points);
        Assert.Contains("reply.done:after", points);
        for (var at = 0; at < points.Count; at++)
        {
            try
            {
                passedBy += (await CrashRun.LiveAsync(at)).Crashed ? 0 : 1;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Killed at step {at} ({points[at]}): {e.Message}", e);
            }
        }

        // What happens at the same time may be stored in one step or in two, so a life may be over before the last moments of the first one.
        Assert.InRange(passedBy, 0, points.Count / 20);
    }
}
