using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;

namespace Drover.Scheduler.Tests.Pool;

public sealed class GiveWayTests
{
    private static readonly PlacementUsage s_none = new([]);

    // A member of 1 GiB takes 1 CPU (and 0.01 of its executor) and 1184 MiB.
    [Fact]
    public void Choose_MachineFitsSomewhere_NobodyGoes() =>
        Assert.Empty(Choose([Some.Need("m", 1, 1000)], [Some.Place("a2", 8, 8000)], Some.Spare()));

    [Fact]
    public void Choose_AgentThatOffersNothing_FreesTheFewest()
    {
        var small = Some.Spare();
        var large = Some.Spare(of: Some.Size(4));
        Assert.Equal([large], Choose([Some.Need("m", 1, 3000)], [], small, large));
        Assert.Equal([small], Choose([Some.Need("m", 1, 1000)], [], large, small));
    }

    [Fact]
    public void Choose_NothingIsEnough_NobodyGoesForNothing() => Assert.Empty(Choose([Some.Need("m", 4, 99_000)], [], Some.Spare(), Some.Spare()));

    [Fact]
    public void Choose_SeveralNeeded_TakesTheCheapestFirst()
    {
        var template = Some.Template(PoolState.Launching);
        var launching = Some.Spare(PoolState.Launching);
        var ready = Some.Spare();
        Assert.Equal([launching, ready], Choose([Some.Need("m", 2, 2000)], [], template, ready, launching));
    }

    [Fact]
    public void Choose_OneIsOnItsWayOutAlready_OnlyWaits() =>
        Assert.Empty(Choose([Some.Need("m", 1, 1000)], [], Some.Spare(PoolState.Stopping), Some.Spare()));

    [Fact]
    public void Choose_TwoMachines_DoNotCountTheSameRoomTwice() =>
        Assert.Equal(2, Choose([Some.Need("m1", 1, 1000), Some.Need("m2", 1, 1000)], [], Some.Spare(), Some.Spare(), Some.Spare()).Count);

    [Fact]
    public void Choose_AgentThatBreaksARule_IsLeftAlone() =>
        Assert.Empty(Choose([Some.Need("m", 1, 1000, "hostname:EQUALS:host-a2")], [], Some.Spare()));

    [Fact]
    public void Choose_TwoAgents_TakesTheOneWhereFewerGo()
    {
        var one = Some.Spare(agent: "a2", of: Some.Size(2));
        Assert.Equal([one], Choose([Some.Need("m", 1, 2000)], [], Some.Spare(), Some.Spare(), one));
    }

    [Fact]
    public void Choose_TemplateThatIsMade_HoldsNothing() => Assert.Empty(Choose([Some.Need("m", 1, 1000)], [], Some.Template()));

    private static IReadOnlyList<PoolMember> Choose(PlacementNeed[] waiting, Place[] places, params PoolMember[] members) => GiveWay.Choose(waiting, places, members, s_none);
}
