using Drover.Agent.Health;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Agent.Tests.Health;

public sealed class HostSamplerTests
{
    [Fact]
    public void Sample_OfThisMachine_HoldsPlausibleFigures()
    {
        var time = new FakeTimeProvider();
        var sampler = new HostSampler(time);
        var first = sampler.Sample(null, null);
        Assert.Equal(0, first.CpuPercent); // nothing to compare with yet
        time.Advance(TimeSpan.FromSeconds(5));
        var second = sampler.Sample((2, 3), null);
        Assert.Equal(first.At + TimeSpan.FromSeconds(5), second.At);
        Assert.InRange(second.CpuPercent, 0, 100);
        Assert.InRange(second.MemoryUsedBytes, 1, second.MemoryTotalBytes);
        Assert.InRange(second.DiskUsedBytes, 1, second.DiskTotalBytes);
        Assert.True(second.AgentMemoryBytes > 0);
        Assert.Equal((3, 2), (second.Containers, second.ContainersRunning));
    }

    [Fact]
    public void Facts_ComparedByValue_SeeLabelsAndVersions()
    {
        var facts = new Api.Agents.HostFacts { Uuid = "u", PhysicalHostUuid = "u", Hostname = "h", Labels = Labels("a") };
        Assert.True(HostFactsComparer.Same(facts, facts with { Labels = Labels("a") }));
        Assert.False(HostFactsComparer.Same(facts, facts with { Labels = Labels("b") }));
        Assert.False(HostFactsComparer.Same(facts, facts with { DockerVersion = "1" }));
    }

    private static Dictionary<string, string> Labels(string rack) => new(StringComparer.Ordinal) { ["rack"] = rack };
}
