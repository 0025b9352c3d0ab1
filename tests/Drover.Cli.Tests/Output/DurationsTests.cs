using Drover.Cli.Output;

namespace Drover.Cli.Tests.Output;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("250ms", 0.25)]
    [InlineData("10m", 600)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d", 172800)]
    public void TryParse_Length_InSeconds(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5s")]
    [InlineData("soon")]
    [InlineData("5 weeks")]
    [InlineData("400d")]
    [InlineData("1.2.3s")]
    public void TryParse_Other_IsRefused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(14.24, "14.2 s")]
    [InlineData(185, "3 min 5 s")]
    [InlineData(7800, "2 h 10 min")]
    [InlineData(259200, "3 d")]
    [InlineData(-3, "0.0 s")]
    public void Display_TwoUnitsAtMost(double seconds, string text) => Assert.Equal(text, Durations.Display(TimeSpan.FromSeconds(seconds)));
}
