using Drover.Web.Figures;

namespace Drover.Web.Tests.Figures;

public sealed class FigureTests
{
    [Theory]
    [InlineData(-3, "0.0 s")]
    [InlineData(0.44, "0.4 s")]
    [InlineData(12.34, "12.3 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(60, "1 min 00 s")]
    [InlineData(125, "2 min 05 s")]
    [InlineData(3725, "1 h 02 min")]
    [InlineData(273_700, "3 d 4 h")]
    public void Seconds_AnyLength_HasTheUnitsThatMatter(double seconds, string text) => Assert.Equal(text, Figure.Seconds(seconds));

    [Theory]
    [InlineData(-10, "just now")]
    [InlineData(4.9, "just now")]
    [InlineData(12, "12 s ago")]
    [InlineData(59.9, "59 s ago")]
    [InlineData(300, "5 min ago")]
    [InlineData(10_800, "3 h ago")]
    [InlineData(172_800, "2 d ago")]
    public void Ago_AnyLength_IsOneUnit(double seconds, string text) => Assert.Equal(text, Figure.Ago(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(640L << 20, 2L << 30, "0.6 of 2 GiB")]
    [InlineData(3L << 30, 20L << 30, "3 of 20 GiB")]
    [InlineData(1L << 20, 20L << 30, "1 MiB of 20 GiB")]
    [InlineData(0, 20L << 30, "0 of 20 GiB")]
    [InlineData(0, 0, "0 of 0 B")]
    public void Of_UsedAndTotal_ShareAUnitUnlessThatHidesTheUsed(long used, long total, string text) => Assert.Equal(text, Figure.Of(used, total));

    [Theory]
    [InlineData(-1, "0 %")]
    [InlineData(33.6, "34 %")]
    [InlineData(180, "100 %")]
    public void Percent_OutOfRange_IsClamped(double percent, string text) => Assert.Equal(text, Figure.Percent(percent));

    [Fact]
    public void Exact_AnyZone_IsSaidInUtc() =>
        Assert.Equal("2026-03-01 10:30:05 UTC", Figure.Exact(new DateTimeOffset(2026, 3, 1, 12, 30, 5, TimeSpan.FromHours(2))));
}
