using Drover.Scheduler.Pool;

namespace Drover.Scheduler.Tests.Pool;

public sealed class PoolLifecycleTests
{
    /// <summary>Every pair that means something; all others must mean nothing.</summary>
    private static readonly Dictionary<(PoolState, PoolEvent), PoolState> s_moves = new()
    {
        [(PoolState.Planned, PoolEvent.Placed)] = PoolState.Offered,
        [(PoolState.Planned, PoolEvent.Ready)] = PoolState.Ready,
        [(PoolState.Planned, PoolEvent.Stop)] = PoolState.Gone,
        [(PoolState.Planned, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Offered, PoolEvent.Alive)] = PoolState.Launching,
        [(PoolState.Offered, PoolEvent.Ready)] = PoolState.Ready,
        [(PoolState.Offered, PoolEvent.Again)] = PoolState.Planned,
        [(PoolState.Offered, PoolEvent.Stop)] = PoolState.Stopping,
        [(PoolState.Offered, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Launching, PoolEvent.Alive)] = PoolState.Launching,
        [(PoolState.Launching, PoolEvent.Ready)] = PoolState.Ready,
        [(PoolState.Launching, PoolEvent.Again)] = PoolState.Planned,
        [(PoolState.Launching, PoolEvent.Stop)] = PoolState.Stopping,
        [(PoolState.Launching, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Ready, PoolEvent.Alive)] = PoolState.Ready,
        [(PoolState.Ready, PoolEvent.Ready)] = PoolState.Ready,
        [(PoolState.Ready, PoolEvent.Claimed)] = PoolState.Claimed,
        [(PoolState.Ready, PoolEvent.Again)] = PoolState.Planned,
        [(PoolState.Ready, PoolEvent.Stop)] = PoolState.Stopping,
        [(PoolState.Ready, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Claimed, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Stopping, PoolEvent.Alive)] = PoolState.Stopping,
        [(PoolState.Stopping, PoolEvent.Ready)] = PoolState.Stopping,
        [(PoolState.Stopping, PoolEvent.Again)] = PoolState.Planned,
        [(PoolState.Stopping, PoolEvent.Stop)] = PoolState.Stopping,
        [(PoolState.Stopping, PoolEvent.Ended)] = PoolState.Gone,
        [(PoolState.Gone, PoolEvent.Ready)] = PoolState.Ready,
    };

    [Fact]
    public void Next_OfEveryPair_IsTheTablesOrNothing()
    {
        foreach (var state in Enum.GetValues<PoolState>())
        {
            foreach (var e in Enum.GetValues<PoolEvent>())
            {
                PoolState? expected = s_moves.TryGetValue((state, e), out var next) ? next : null;
                Assert.True(expected == PoolLifecycle.Next(state, e), $"({state}, {e}) → {PoolLifecycle.Next(state, e)}, expected {expected}");
            }
        }
    }

    [Theory]
    [InlineData(PoolState.Planned, false, false)]
    [InlineData(PoolState.Offered, true, true)]
    [InlineData(PoolState.Launching, true, true)]
    [InlineData(PoolState.Ready, true, false)]
    [InlineData(PoolState.Claimed, false, false)]
    [InlineData(PoolState.Stopping, true, true)]
    [InlineData(PoolState.Gone, false, false)]
    public void HasTask_OfEachState_SaysWhoseTheTaskIs(object state, bool spare, bool template)
    {
        Assert.Equal(spare, PoolLifecycle.HasTask(PoolKind.Spare, (PoolState)state));
        Assert.Equal(template, PoolLifecycle.HasTask(PoolKind.Template, (PoolState)state));
    }
}
