using System.Text.Json.Nodes;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Cattle;

public sealed class TrialAnswersTests
{
    [Fact]
    public async Task Trial_IsAnsweredFromWhatIsKnown_AndNothingIsMade()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        var trial = await AskAsync(scheduler, new JsonObject { ["cpus"] = 2 });
        Assert.Equal((0, 0), ((int)trial["fits"]!, (int)trial["agentCount"]!));
        Assert.Contains("No agent has offered anything yet", (string?)trial["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trial_OfWhatCannotBeRead_IsRefusedWithItsReason()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        var replyTo = await scheduler.Cattle.SendAsync("", "physicalhost.trial", new() { ["mesosConfig"] = new JsonObject { ["memory"] = "much" } });
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(replyTo).Count == 1, "answered");
        var reply = scheduler.Cattle.RepliesTo(replyTo)[0];
        Assert.Equal("error", (string?)reply["transitioning"]);
        Assert.Contains("'much' is no size", (string?)reply["transitioningMessage"], StringComparison.Ordinal);
    }

    private static async Task<JsonNode> AskAsync(TestScheduler scheduler, JsonObject config)
    {
        JsonNode? trial = null;
        await scheduler.UntilAsync(() => scheduler.Status.Take().MasterProblem is null, "the master answers");
        var replyTo = await scheduler.Cattle.SendAsync("", "physicalhost.trial", new() { ["mesosConfig"] = config, ["count"] = 2, ["accountId"] = "1a5" });
        await scheduler.UntilAsync(() => (trial = scheduler.Cattle.RepliesTo(replyTo) is [var reply, ..] ? reply["data"]?["trial"] : null) is not null, "answered");
        return trial!;
    }
}
