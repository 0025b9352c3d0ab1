using Drover.Executor.Usage;

namespace Drover.Executor.Tests.Usage;

public sealed class UsageTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Between_TwoReadings_IsRatesAndTheLatestSizes()
    {
        var before = new Reading(Noon, TimeSpan.FromSeconds(10), new ProcessMemory(1, 1), new DiskCounters(1000, 0, 10), 5);
        var now = new Reading(Noon.AddSeconds(5), TimeSpan.FromSeconds(17.5), new ProcessMemory(300, 200), new DiskCounters(6000, 500, 20), 7);
        var sample = UsageSampler.Between(before, now);
        Assert.Equal((150d, 200L, 300L, 7L, 1000d, 100d, 2d), (sample.CpuPercent, sample.MemoryBytes, sample.ResidentBytes, sample.DiskBytes, sample.DiskRead, sample.DiskWrite, sample.DiskOperations));
    }

    [Fact]
    public void Between_CountersThatBeganAnew_IsNotNegative()
    {
        var before = new Reading(Noon, TimeSpan.FromSeconds(10), new ProcessMemory(1, 1), new DiskCounters(1000, 1000, 10), 5);
        var sample = UsageSampler.Between(before, before with { At = Noon.AddSeconds(1), Cpu = TimeSpan.Zero, Disk = new DiskCounters(0, 0, 0) });
        Assert.Equal((0d, 0d, 0d, 0d), (sample.CpuPercent, sample.DiskRead, sample.DiskWrite, sample.DiskOperations));
    }

    [Fact]
    public void Between_TapCounters_IsWhatTheGuestReceivedAndSent()
    {
        var before = new Reading(Noon, TimeSpan.Zero, new ProcessMemory(1, 1), new DiskCounters(0, 0, 0), 0) { Tap = new TapCounters(1000, 5000) };
        var sample = UsageSampler.Between(before, before with { At = Noon.AddSeconds(2), Tap = new TapCounters(1200, 9000) });
        Assert.Equal((2000d, 100d), (sample.NetworkReceived, sample.NetworkSent));
    }

    [Fact]
    public void Between_WithoutATap_HasNoNetworkFiguresAtAll()
    {
        var before = new Reading(Noon, TimeSpan.Zero, new ProcessMemory(1, 1), new DiskCounters(0, 0, 0), 0);
        var sample = UsageSampler.Between(before, before with { At = Noon.AddSeconds(2) });
        Assert.Equal(((double?)null, (double?)null), (sample.NetworkReceived, sample.NetworkSent));
        Assert.DoesNotContain("network", System.Text.Json.JsonSerializer.Serialize(sample, Drover.Api.Machines.MachineJson.Default.MachineUsage), StringComparison.Ordinal);
    }

    [Fact]
    public void TapCounters_OfTheKernelsTable_AreThoseOfThatDevice()
    {
        string[] table = ["Inter-|   Receive                                                |  Transmit", " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
            "    lo: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0", "dv0123456789abc:  700 7 0 0 0 0 0 0 90000 9 0 0 0 0 0 0"];
        Assert.Equal(new TapCounters(700, 90000), TapCounters.Read(table, "dv0123456789abc"));
        Assert.Null(TapCounters.Read(table, "dv0123456789"));
        Assert.NotNull(TapCounters.Of("lo"));
    }

    [Fact]
    public void Cpu_OfAProcessWithABracketInItsName_IsUserAndSystemTime() =>
        Assert.Equal(TimeSpan.FromSeconds(3.5), ProcessUsage.Cpu("12 (a) b) S 1 12 12 0 -1 4194560 1 2 3 4 150 200 7 8 20 0 1 0 5 6 7"));

    [Fact]
    public void Memory_OfARollup_IsRssAndPss() =>
        Assert.Equal(
            new ProcessMemory(2048 * 1024, 1024 * 1024),
            ProcessUsage.Memory(["5600-7ff0 ---p 00000000 00:00 0   [rollup]", "Rss:                2048 kB", "Pss:                1024 kB", "Pss_Anon:             10 kB"]));

    [Fact]
    public void Process_OfOurs_HasMemoryAndTime()
    {
        var memory = ProcessUsage.MemoryOf(Environment.ProcessId);
        Assert.InRange(memory.Proportional, 1, memory.Resident);
        Assert.True(ProcessUsage.CpuOf(Environment.ProcessId) > TimeSpan.Zero);
    }
}
