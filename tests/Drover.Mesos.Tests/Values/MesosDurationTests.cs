namespace Drover.Mesos.Tests.Values;

public sealed class MesosDurationTests
{
    [Theory]
    [InlineData("100ns", 1)]
    [InlineData("3us", 30)]
    [InlineData("5ms", 50_000)]
    [InlineData("2secs", 20_000_000)]
    [InlineData("15mins", 9_000_000_000)]
    [InlineData("1.5mins", 900_000_000)]
    [InlineData("1hrs", 36_000_000_000)]
    [InlineData("1days", 864_000_000_000)]
    [InlineData("2weeks", 12_096_000_000_000)]
    public void Parse_EveryUnit_IsRead(string text, long ticks) => Assert.Equal(ticks, MesosDuration.Parse(text).Ticks);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("secs")]
    [InlineData("2 secs")]
    [InlineData("1e3secs")]
    [InlineData("2s")]
    [InlineData("99999999999weeks")]
    public void TryParse_OtherText_IsRefused(string text) => Assert.False(MesosDuration.TryParse(text, out _));

    [Theory]
    [InlineData(90, "90secs")]
    [InlineData(900, "15mins")]
    [InlineData(5, "5secs")]
    [InlineData(0.25, "250ms")]
    [InlineData(0, "0ns")]
    public void Format_LargestWholeUnit_AndBack(double seconds, string text)
    {
        Assert.Equal(text, MesosDuration.Format(TimeSpan.FromSeconds(seconds)));
        Assert.Equal(TimeSpan.FromSeconds(seconds), MesosDuration.Parse(text));
    }
}
