using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Hosts;
using Drover.Web.Pool;

namespace Drover.Web.Tests.Pool;

public sealed class PoolViewTests
{
    [Fact]
    public void Of_NoPool_SaysNothing() => Assert.False(PoolView.Of([]).IsUsed);

    [Fact]
    public void Of_SeveralSchedulers_AreOnePool()
    {
        var view = PoolView.Of([Pool("0", Member("warm", "ready"), Member("template", "made")), Pool("0", Member("warm", "ready"), Member("warm", "launching"))]);
        Assert.Equal((2, 4, true), (view.Ready, view.Members.Count, view.IsUsed));
    }

    [Theory]
    [InlineData("warm", "ready", "Ready", StatusTone.Good)]
    [InlineData("template", "launching", "Being made", StatusTone.Working)]
    [InlineData("warm", "planned", "Waits", StatusTone.Waiting)]
    [InlineData("template", "failed", "Given up", StatusTone.Failed)]
    [InlineData("warm", "dreaming", "dreaming", StatusTone.Off)]
    public void Member_InAState_HasItsWordAndColour(string kind, string state, string word, StatusTone tone)
    {
        var member = PoolMemberView.Of(Member(kind, state));
        Assert.Equal((word, tone), (member.StateText, member.Tone));
        Assert.Equal("drover, 2 CPU, 2 GiB", member.Size);
    }

    private static CattleResource Pool(string warm, params JsonObject[] members) =>
        new(new JsonObject { ["id"] = "p", ["warm"] = warm, ["members"] = new JsonArray([.. members]) });

    private static JsonObject Member(string kind, string state) => new()
    {
        ["id"] = Guid.NewGuid().ToString(), ["kind"] = kind, ["state"] = state, ["hostname"] = "a1", ["image"] = "drover", ["cpus"] = 2, ["memory"] = "2GiB", ["since"] = "2026-01-01T00:00:00Z",
    };
}
