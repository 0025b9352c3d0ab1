namespace Drover.Mesos.Tests.Values;

public sealed class ResourcesTests
{
    [Fact]
    public void Subtract_TenthsManyTimes_LeavesExactlyNothing()
    {
        var rest = Resources.Of([Resources.Scalar("cpus", 1000)]);
        var tenth = Resources.Of([new Resource { Name = "cpus", Type = Value.Types.Type.Scalar, Scalar = new Value.Types.Scalar { Value = 0.1 } }]);
        for (var i = 0; i < 10; i++)
        {
            Assert.True(rest.Contains(tenth));
            rest = rest.Subtract(tenth);
        }

        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void Subtract_RangesInTheMiddle_SplitsAndJoinsAgain()
    {
        var all = Resources.Of([Ports((31000, 31010))]);
        var cut = Resources.Of([Ports((31003, 31004))]);
        var rest = all.Subtract(cut);
        Assert.Equal("ports [31000-31002,31005-31010]", rest.ToString());
        Assert.False(rest.Contains(cut));
        Assert.Equal(all.ToString(), rest.Add(cut).ToString());
    }

    [Fact]
    public void Take_OverReservedAndUnreserved_KeepsMetadataVerbatim()
    {
        var reserved = Resources.Scalar("mem", 1_000_000);
        reserved.Reservations.Add(new Resource.Types.ReservationInfo { Role = "vms", Type = Resource.Types.ReservationInfo.Types.Type.Dynamic, Principal = "p" });
        var offer = Resources.Of([Resources.Scalar("mem", 500_000), reserved]);
        var taken = offer.Take("mem", 1_200_000)!;
        Assert.Equal(1_200_000, taken.Milli("mem"));
        Assert.True(offer.Contains(taken));
        Assert.Contains(taken.ToMessages(), m => m.Reservations.Count == 1 && m.Reservations[0].Principal == "p");
        Assert.Equal(300_000, offer.Subtract(taken).Milli("mem"));
        Assert.Null(offer.Take("mem", 1_500_001));
    }

    [Fact]
    public void Of_SameKindWithStarRoleAndAllocation_IsOneKind()
    {
        var star = Resources.Scalar("cpus", 1500);
        star.Role = "*";
        var allocated = Resources.Scalar("cpus", 500);
        allocated.AllocationInfo = new Resource.Types.AllocationInfo { Role = "vms" };
        var sum = Resources.Of([star, allocated]);
        var message = Assert.Single(sum.ToMessages("vms"));
        Assert.Equal(2.0, message.Scalar.Value);
        Assert.Equal("vms", message.AllocationInfo.Role);
    }

    [Fact]
    public void Contains_OtherMetadata_IsNotTheSame()
    {
        var revocable = Resources.Scalar("cpus", 1000);
        revocable.Revocable = new Resource.Types.RevocableInfo();
        Assert.False(Resources.Of([Resources.Scalar("cpus", 4000)]).Contains(Resources.Of([revocable])));
    }

    private static Resource Ports(params (ulong Begin, ulong End)[] ranges)
    {
        var resource = new Resource { Name = "ports", Type = Value.Types.Type.Ranges, Ranges = new Value.Types.Ranges() };
        resource.Ranges.Range.AddRange(ranges.Select(r => new Value.Types.Range { Begin = r.Begin, End = r.End }));
        return resource;
    }
}
