using System.Text.Json.Nodes;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Cattle;

public sealed class HandlerRegistrationTests
{
    [Fact]
    public async Task Connect_NothingRegistered_RegistersAllProcessesOnce()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        await scheduler.RestartAsync();
        await scheduler.UntilAsync(() => scheduler.Cattle.Requests.Count(r => r.Contains("/subscribe", StringComparison.Ordinal)) == 2, "subscribed again");

        Assert.Equal(1, scheduler.Cattle.HandlersCreated);
        var subscription = scheduler.Cattle.Requests.First(r => r.Contains("/subscribe", StringComparison.Ordinal));
        Assert.All(new[] { "create", "bootstrap", "remove", "console" }, name => Assert.Contains($"physicalhost.{name}%3Bhandler%3DdroverMesos", subscription, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connect_OtherHandlersOfOurName_AreDeactivatedAndRemovedFirst()
    {
        await using var scheduler = await TestScheduler.CreateAsync();
        using var http = new HttpClient();
        var old = new JsonObject { ["name"] = "droverMesos", ["uuid"] = "droverMesos" };
        using var answer = await http.PostAsync(scheduler.Cattle.Url + "/externalhandlers", new StringContent(old.ToJsonString()), TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();

        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed");

        var acts = scheduler.Cattle.Requests.Where(r => r.StartsWith("POST /v1/externalhandlers", StringComparison.Ordinal)).Skip(1);
        Assert.Equal(["POST /v1/externalhandlers/1eh1?action=deactivate", "POST /v1/externalhandlers/1eh1?action=remove", "POST /v1/externalhandlers"], acts);
    }

    [Fact]
    public async Task Connection_Cut_ComesBackAndTakesEventsAgain()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Cattle.CloseSockets();
        await scheduler.UntilAsync(() => scheduler.Cattle.Requests.Count(r => r.Contains("/subscribe", StringComparison.Ordinal)) == 2 && scheduler.Cattle.Subscribers == 1, "subscribed again");
        var replyTo = await scheduler.Cattle.SendAsync("1ph9", "physicalhost.remove");
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(replyTo).Count == 1, "answered");
    }

    [Fact]
    public async Task Server_NotUpYet_IsTriedUntilItIs()
    {
        await using var scheduler = await TestScheduler.CreateAsync();
        scheduler.Cattle.Failing = 503;
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Cattle.Requests.Count >= 4, "tried");
        scheduler.Cattle.Failing = null;
        await scheduler.UntilAsync(() => scheduler.Status.Take().ServerConnected, "connected");
    }

    [Fact]
    public async Task Token_OfARealRancher_IsTheEnvironmentsOwn()
    {
        await using var scheduler = await TestScheduler.CreateAsync(o => o with { LocalhostReplacement = "10.1.2.3" });
        scheduler.Cattle.TokensOfMachines = false;
        scheduler.Master.AddAgent("a1");
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed");
        await scheduler.CreateActiveAsync("1ph1");
        Assert.StartsWith("http://10.1.2.3:8080/v1/scripts/token-1a5", scheduler.Master.Live[0].Data.RegistrationUrl, StringComparison.Ordinal);
        Assert.Contains(scheduler.Cattle.Requests, r => r.StartsWith("GET /v1/registrationtokens?accountId=1a5&state=active", StringComparison.Ordinal));
    }
}
