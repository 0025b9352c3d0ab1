using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Session;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Session;

public sealed class OfferDemandTests
{
    private readonly OfferDemand _demand = new("vms");
    private readonly TestTurn _turns = new();

    public OfferDemandTests() => _demand.Connected();

    [Fact]
    public void Act_NothingWaits_StaysSuppressedWithoutACall() => Assert.Empty(Act());

    [Fact]
    public void Act_NewWork_RevivesOnceForTheRole()
    {
        var call = Assert.Single(Act("m1"));
        Assert.Equal(Call.Types.Type.Revive, call.Type);
        Assert.Equal(["vms"], call.Revive.Roles);
        Assert.Empty(Act("m1"));
    }

    [Fact]
    public void Act_WorkDone_Suppresses()
    {
        Act("m1");
        Assert.Equal(Call.Types.Type.Suppress, Assert.Single(Act()).Type);
        Assert.Empty(Act());
    }

    [Fact]
    public void Act_BurstOfWork_RevivesTenTimesThenOncePerSecond()
    {
        Assert.Equal([.. Enumerable.Repeat(1, 10), 0, 0], Enumerable.Range(0, 12).Select(i => Act($"m{i}").Count));
        Assert.Equal(_turns.Now + TimeSpan.FromSeconds(1), _demand.NextDue);
        _turns.Now += TimeSpan.FromSeconds(1);
        Assert.Single(Act("m12"));
        Assert.Empty(Act("m13"));
    }

    [Fact]
    public void Act_ForThePool_LeavesTokensToMachines()
    {
        Assert.Single(ActForPool("p1"));
        Assert.Empty(ActForPool("p2"));
        Assert.Single(Act("m1"));
        _turns.Now += TimeSpan.FromSeconds(2);
        Assert.Single(ActForPool("p2"));
    }

    [Fact]
    public void Renew_WhileSomethingWaits_RevivesAgain()
    {
        Act("m1");
        _demand.Renew();
        Assert.Single(Act("m1"));
    }

    [Fact]
    public void Act_NoOfferForAMinute_RevivesAgain()
    {
        Act("m1");
        _turns.Now += TimeSpan.FromSeconds(59);
        Assert.Empty(Act("m1"));
        _turns.Now += TimeSpan.FromSeconds(1);
        Assert.Single(Act("m1"));
    }

    [Fact]
    public void Act_WithoutASession_SaysNothingAndRevivesInTheNext()
    {
        _demand.Disconnected();
        Assert.Empty(Act("m1"));
        _demand.Connected();
        Assert.Single(Act("m1"));
    }

    private IReadOnlyList<Call> Act(params string[] waiting) => _turns.Calls(turn => _demand.Act(waiting, [], turn));

    private IReadOnlyList<Call> ActForPool(params string[] members) => _turns.Calls(turn => _demand.Act([], members, turn));
}
