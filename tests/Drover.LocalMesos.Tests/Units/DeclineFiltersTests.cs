using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests.Units;

public sealed class DeclineFiltersTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly Resources _all = Resources.Of([Resources.Scalar("cpus", 4000), Resources.Scalar("mem", 4_096_000)]);

    [Theory]
    [InlineData(null, 5.0)]
    [InlineData(0.1, 0.1)]
    [InlineData(60.0, 60.0)]
    [InlineData(-3.0, 5.0)]
    [InlineData(double.NaN, 5.0)]
    [InlineData(1e12, 365.0 * 86400)]
    [InlineData(double.PositiveInfinity, 365.0 * 86400)]
    public void RefuseTime_Given_IsAsMesosReadsIt(double? seconds, double expected)
    {
        var filters = seconds is { } s ? new Filters { RefuseSeconds = s } : new Filters();
        Assert.Equal(TimeSpan.FromSeconds(expected), DeclineFilters.RefuseTime(filters));
        Assert.Equal(TimeSpan.FromSeconds(5), DeclineFilters.RefuseTime(null));
    }

    [Fact]
    public void RefuseTime_Zero_IsNoFilter() => Assert.Null(DeclineFilters.RefuseTime(new Filters { RefuseSeconds = 0 }));

    [Theory]
    [InlineData(5, 5)]
    [InlineData(0.1, 1)]
    public void Withholds_UntilItsTimeOrOneInterval_IsExact(double refuse, double ends)
    {
        var filters = NewFilters();
        filters.Add("f", "r", "a", _all, TimeSpan.FromSeconds(refuse));
        _time.Advance(TimeSpan.FromSeconds(ends) - TimeSpan.FromTicks(1));
        Assert.True(filters.Withholds("f", "r", "a", _all));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(filters.Withholds("f", "r", "a", _all));
    }

    [Fact]
    public void Withholds_SubsetsOnly_OfTheSameFrameworkRoleAndAgent()
    {
        var filters = NewFilters();
        filters.Add("f", "r", "a", _all, TimeSpan.FromHours(1));
        var less = Resources.Of([Resources.Scalar("cpus", 1000)]);
        Assert.True(filters.Withholds("f", "r", "a", less));
        Assert.False(filters.Withholds("f", "r", "a", _all.Add(less)));
        Assert.False(filters.Withholds("f", "r", "b", less));
        Assert.False(filters.Withholds("f", "s", "a", less));
        Assert.False(filters.Withholds("g", "r", "a", less));
    }

    [Fact]
    public void Clear_ByRoleFrameworkOrAgent_ForgetsJustThose()
    {
        var filters = NewFilters();
        filters.Add("f", "r", "a", _all, TimeSpan.FromHours(1));
        filters.Add("f", "s", "a", _all, TimeSpan.FromHours(1));
        filters.Add("g", "r", "b", _all, TimeSpan.FromHours(1));
        filters.Clear("f", ["r"]);
        Assert.False(filters.Withholds("f", "r", "a", _all));
        Assert.True(filters.Withholds("f", "s", "a", _all));
        filters.ClearAgent("b");
        Assert.False(filters.Withholds("g", "r", "b", _all));
        filters.Clear("f");
        Assert.False(filters.Withholds("f", "s", "a", _all));
    }

    private DeclineFilters NewFilters() => new(_time, TimeSpan.FromSeconds(1));
}
