using Drover.Agent.Health;

namespace Drover.Agent.Tests.Health;

public sealed class ProcReaderTests
{
    [Fact]
    public void Cpu_FirstLineOfStat_IsBusyAndTotal() =>
        Assert.Equal((100 + 5 + 50 + 1 + 2 + 3, 100 + 5 + 50 + 800 + 40 + 1 + 2 + 3), ProcReader.Cpu("cpu  100 5 50 800 40 1 2 3 9 9\ncpu0 1 1 1 1 1\n"));

    [Fact]
    public void Memory_TotalAndAvailable_AreBytes() =>
        Assert.Equal((1000L * 1024, 400L * 1024), ProcReader.Memory("MemTotal:        1000 kB\nMemFree:  100 kB\nMemAvailable:     600 kB\n"));

    [Fact]
    public void Load_FirstFigure_IsTaken() => Assert.Equal(0.52, ProcReader.Load1("0.52 0.41 0.30 1/200 4242\n"));

    [Fact]
    public void Network_OnlyCountedCards_AreSummed()
    {
        const string Dev = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:  999999       1    0    0    0     0          0         0   999999       1    0    0    0     0       0          0
              eth0: 1000       1    0    0    0     0          0         0      200       1    0    0    0     0       0          0
              eth1:10       1    0    0    0     0          0         0      20       1    0    0    0     0       0          0
            """;
        Assert.Equal((1010L, 220L), ProcReader.Network(Dev, card => card.StartsWith("eth", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("cpu x y z\nMemTotal: x kB\neth0: 1 2\n")]
    public void Figures_OfOddText_AreZero(string text)
    {
        Assert.Equal((0L, 0L), ProcReader.Cpu(text));
        Assert.Equal((0L, 0L), ProcReader.Memory(text));
        Assert.Equal((0L, 0L), ProcReader.Network(text, _ => true));
        Assert.Equal(0, ProcReader.Load1(text));
    }
}
