using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Networking;

public sealed class NetworkSelectorTests
{
    private static readonly NetworkFacts Able = new(true, null, "");

    [Fact]
    public void Auto_WhereEverythingIsThere_IsNat() => Assert.Equal("nat", NetworkSelector.Choose("auto", Able, null).Name);

    [Theory]
    [InlineData(false, null, "", "CAP_NET_ADMIN")]
    [InlineData(true, "/dev/net/tun does not exist", "", "/dev/net/tun")]
    [InlineData(true, null, "dnsmasq-base nftables", "apt-get install dnsmasq-base nftables")]
    public void Auto_WhereSomethingIsMissing_IsUserAndSaysWhat(bool administrator, string? tap, string packages, string says)
    {
        var choice = NetworkSelector.Choose("auto", new NetworkFacts(administrator, tap, packages), null);

        Assert.Equal("user", choice.Name);
        Assert.Contains(says, choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_AfterAFailedNat_IsUserAndSaysWhy() =>
        Assert.Contains("nft is broken", NetworkSelector.Choose("auto", Able, "nft is broken").Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("nat")]
    [InlineData("bridge:br0")]
    public void AskedFor_WithoutTheRight_IsRefusedWithTheField(string network)
    {
        var e = Assert.Throws<MachineException>(() => NetworkSelector.Choose(network, Able with { Administrator = false }, null));

        Assert.Contains("mesosConfig.network", e.Message, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_ADMIN", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nat_AskedFor_IsTriedAgainAfterAFailure() => Assert.Equal("nat", NetworkSelector.Choose("nat", Able, "nft was broken").Name);

    [Theory]
    [InlineData("user", "user")]
    [InlineData("bridge:br0", "bridge:br0")]
    public void AskedFor_AndPossible_IsTaken(string asked, string name) => Assert.Equal(name, NetworkSelector.Choose(asked, Able, null).Name);

    [Theory]
    [InlineData("overlay")]
    [InlineData("bridge:")]
    [InlineData("bridge:../etc")]
    [InlineData("bridge:a-name-that-is-too-long")]
    public void Nonsense_IsRefused(string network) => Assert.Throws<MachineException>(() => NetworkSelector.Choose(network, Able, null));

    [Fact]
    public void AFailure_IsRememberedForHalfAnHourAndTheSameFacts()
    {
        using var state = new TestFolder();
        var time = new FakeTimeProvider();
        var memory = new NatMemory(state.Path, time);
        memory.Remember(Able, "no");

        Assert.Equal("no", memory.Recall(Able));
        Assert.Null(memory.Recall(Able with { MissingPackages = "nftables" }));
        time.Advance(TimeSpan.FromMinutes(31));
        Assert.Null(memory.Recall(Able));
    }
}

public sealed class ArpProbeTests
{
    private static readonly byte[] Mac = [0x52, 0x54, 0, 1, 2, 3];
    private static readonly byte[] Other = [0x52, 0x54, 0, 9, 9, 9];
    private static readonly byte[] Address = [192, 168, 10, 7];

    [Fact]
    public void Answer_OfTheOwner_Claims()
    {
        var answer = ArpProbe.Frame(Other, Address);
        answer[21] = 2;
        Address.CopyTo(answer, 28);

        Assert.Equal("52:54:00:09:09:09", ArpProbe.Claims(answer, Mac, Address));
        Assert.Null(ArpProbe.Claims(answer, Mac, [192, 168, 10, 8]));
    }

    [Fact]
    public void Probe_OfAnotherForTheSameAddress_Claims()
    {
        Assert.Equal("52:54:00:09:09:09", ArpProbe.Claims(ArpProbe.Frame(Other, Address), Mac, Address));
        Assert.Null(ArpProbe.Claims(ArpProbe.Frame(Mac, Address), Mac, Address));
        Assert.Null(ArpProbe.Claims([1, 2, 3], Mac, Address));
    }
}
