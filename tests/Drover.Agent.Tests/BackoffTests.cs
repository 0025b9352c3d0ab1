using Microsoft.Extensions.Time.Testing;

namespace Drover.Agent.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void Backoff_Failing_DoublesUpToTheLongestWithinItsJitter()
    {
        var backoff = new Backoff(new FakeTimeProvider(), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(15), new Random(7));
        foreach (var full in (double[])[200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000])
        {
            Assert.InRange(backoff.Next().TotalMilliseconds, full / 2, full);
        }

        Assert.Equal(9, backoff.Failures);
    }

    [Fact]
    public void Backoff_AfterAVeryLongOutage_StaysAtTheLongest()
    {
        var backoff = Backoff.ForServer(new FakeTimeProvider());
        for (var i = 0; i < 5000; i++)
        {
            backoff.Next();
        }

        Assert.InRange(backoff.Next(), TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Backoff_Reset_StartsAnew()
    {
        var backoff = Backoff.ForServer(new FakeTimeProvider());
        backoff.Next();
        backoff.Next();
        backoff.Reset();
        Assert.InRange(backoff.Next(), TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.2));
    }

    [Fact]
    public void Backoff_ManyAgents_SpreadOut()
    {
        var waits = Enumerable.Range(0, 200).Select(seed => new Backoff(TimeProvider.System, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), new Random(seed)).Next()).ToList();
        Assert.True(waits.Max() - waits.Min() > TimeSpan.FromSeconds(0.4));
    }
}
