using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Tests.Placement;

public sealed class PlacementConstraintTests
{
    [Theory]
    [InlineData("rack:EQUALS:a", "a", true)]
    [InlineData("rack:EQUALS:a", "ab", false)]
    [InlineData("rack:EQUALS:a", null, false)]
    [InlineData("rack:equals:a:b", "a:b", true)]
    [InlineData("rack:CLUSTER:a", "a", true)]
    [InlineData("rack:LIKE:r[12]", "r1", true)]
    [InlineData("rack:LIKE:r[12]", "r12", false)]
    [InlineData("rack:LIKE:a|b", "ab", false)]
    [InlineData("rack:LIKE:.*", null, false)]
    [InlineData("rack:UNLIKE:r[12]", "r3", true)]
    [InlineData("rack:UNLIKE:r[12]", "r1", false)]
    [InlineData("rack:UNLIKE:r[12]", null, true)]
    [InlineData("rack:UNIQUE", "any", true)]
    [InlineData("rack:UNIQUE", null, false)]
    [InlineData("rack:GROUP_BY:3", "any", true)]
    public void Allows_Value_FollowsMarathon(string rule, string? value, bool allowed)
    {
        var constraint = PlacementConstraint.TryParse(rule, out var problem);
        Assert.Null(problem);
        Assert.Equal(allowed, constraint!.Allows(value));
    }

    [Theory]
    [InlineData("rack")]
    [InlineData(":EQUALS:a")]
    [InlineData("rack:NEAR:a")]
    [InlineData("rack:EQUALS")]
    [InlineData("rack:LIKE:(")]
    [InlineData("rack:LIKE:(a)\\1")]
    [InlineData("rack:UNIQUE:a")]
    [InlineData("rack:GROUP_BY:0")]
    [InlineData("rack:GROUP_BY:many")]
    public void TryParse_WrongRule_SaysWhichAndWhy(string rule)
    {
        Assert.Null(PlacementConstraint.TryParse(rule, out var problem));
        Assert.Contains(rule, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rack:EQUALS:a:b")]
    [InlineData("rack:GROUP_BY:2")]
    [InlineData("hostname:UNIQUE")]
    public void ToString_AnyRule_CanBeReadAgain(string rule) =>
        Assert.Equal(rule, PlacementConstraint.TryParse(rule, out _)!.ToString());
}
