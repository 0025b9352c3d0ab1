using System.Text.Json.Nodes;
using Drover.Web.Hosts;
using Drover.Web.Live;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Hosts;

public sealed class HostsPageTests : PageTest
{
    [Fact]
    public async Task Page_NotYetRead_NeverSaysThatThereAreNone()
    {
        var page = Render();
        Assert.Empty(page.FindAll("[data-testid=empty]"));
        Assert.NotEmpty(page.FindAll("[aria-busy=true]"));
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
    }

    [Fact]
    public async Task Page_Event_ShowsTheNewHostAndItsNextState()
    {
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
        await UntilAsync(() => Cattle.Subscribers == 1);

        Cattle.Put(Some.Machine("1ph1", "web-1", "creating", "boot"));
        await UntilAsync(() => StateOf(page, "web-1") == "Booting");

        Cattle.Put(Some.Active("1ph1", "web-1", "1h1"));
        Cattle.Put(Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        await UntilAsync(() => StateOf(page, "web-1") == "Active");
    }

    [Fact]
    public async Task Page_SubscriptionCut_ReconnectsAndReadsWhatItMissed()
    {
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
        await UntilAsync(() => Cattle.Subscribers == 1);

        Cattle.PutSilently(Some.Machine("1ph1", "web-1", "creating"));
        Cattle.CutSubscriptions();

        await UntilAsync(() => page.FindAll("[data-testid=host-card-web-1]").Count == 1);
        await UntilAsync(() => Cattle.Subscribers == 1 && Feed.State == FeedState.Live);
    }

    [Fact]
    public async Task Page_NoEventsOfLoad_ReadsTheListsEachFiveSeconds()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load(cpu: 10)));
        var page = Render();
        await UntilAsync(() => page.Markup.Contains("10 %", StringComparison.Ordinal));

        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load(cpu: 77, at: Some.Now.AddSeconds(5))));

        await UntilAsync(() => page.Markup.Contains("77 %", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_SessionEnded_FeedSaysSo()
    {
        Cattle.SessionsValid = false;
        var page = Render();
        await UntilAsync(() => Feed.State == FeedState.SignedOut);
    }

    [Fact]
    public async Task Filter_TextAndGroup_NarrowTheCards()
    {
        Cattle.PutSilently(Some.Failed("1ph1", "ci-7"));
        Cattle.PutSilently(Some.Machine("1ph2", "web-1", "creating", "boot"));
        Cattle.PutSilently(Some.Machine("1ph3", "web-2", "creating", "boot"));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-card-ci-7]").Count == 1);

        page.Find("[data-testid=filter]").Input("web ZONE=a");
        Assert.Equal(2, page.FindAll("article").Count);

        page.Find("[data-testid=filter]").Input("");
        page.Find("[data-testid=group-failed]").Click();
        Assert.Equal("Host ci-7, Failed", Assert.Single(page.FindAll("article")).GetAttribute("aria-label"));

        page.Find("[data-testid=filter]").Input("nothing like it");
        Assert.Contains("No host matches", page.Markup, StringComparison.Ordinal);
        page.Find(".none button").Click();
        Assert.Equal(3, page.FindAll("article").Count);
    }

    [Fact]
    public async Task Page_TwoHundredHosts_DrawsTheFirstSixtyAndMoreOnDemand()
    {
        for (var i = 0; i < 200; i++)
        {
            Cattle.PutSilently(Some.Machine($"1ph{i}", $"web-{i}", "creating"));
        }

        var page = Render();
        await UntilAsync(() => page.FindAll("article").Count == 60);
        await page.InvokeAsync(page.Instance.EndReached);
        Assert.Equal(120, page.FindAll("article").Count);
    }

    [Fact]
    public async Task Totals_WithAPool_SayHowManyWarmCopiesAreAtHand()
    {
        Cattle.PutSilently(Some.Machine("1ph1", "web-1", "creating", "boot"));
        Cattle.PutSilently(new JsonObject
        {
            ["id"] = "droverMesos", ["type"] = "pool", ["warm"] = "2",
            ["members"] = new JsonArray(new JsonObject { ["id"] = "m1", ["kind"] = "warm", ["state"] = "ready" }, new JsonObject { ["id"] = "m2", ["kind"] = "template", ["state"] = "made" }),
        });
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=warm]").Count == 1);
        Assert.Equal("1 at hand", page.Find("[data-testid=warm]").TextContent);
    }

    [Fact]
    public async Task Totals_WithoutAPool_SayNothingOfIt()
    {
        Cattle.PutSilently(Some.Machine("1ph1", "web-1", "creating", "boot"));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-card-web-1]").Count == 1);
        Assert.Empty(page.FindAll("[data-testid=warm]"));
    }

    private static string? StateOf(IRenderedComponent<HostsPage> page, string name) =>
        page.FindAll($"[data-testid=host-card-{name}] [data-testid=host-state]").SingleOrDefault()?.TextContent.Trim();

    private IRenderedComponent<HostsPage> Render() => Page.Render<HostsPage>(p => p.Add(c => c.Environment, "1a5"));
}
