using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Hosts;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Hosts;

public sealed class HostCardTests : PageTest
{
    [Fact]
    public void Card_Active_ShowsLoadPlaceAndReadyTime()
    {
        var card = Card(Some.View(Some.Active("1ph1", "web-1", "1h1"), Some.Host("1h1", "web-1", "1ph1", load: Some.Load())));

        Assert.Equal("Active", Text(card, "[data-testid=host-state]"));
        Assert.Contains("12 %", card.Markup, StringComparison.Ordinal);
        Assert.Contains("0.6 of 2 GiB", card.Markup, StringComparison.Ordinal);
        Assert.Contains("agent-a1", card.Markup, StringComparison.Ordinal);
        Assert.Contains("10.0.2.15", card.Markup, StringComparison.Ordinal);
        Assert.Contains("ready in 15.8 s", card.Markup, StringComparison.Ordinal);
        Assert.Equal((3, 1), (card.FindAll(".dot.on").Count, card.FindAll(".dot:not(.on)").Count));
        Assert.Equal("/env/1a5/hosts/1ph1", card.Find("a").GetAttribute("href"));
    }

    [Fact]
    public void Card_ItsContainersAreKnown_HasADotForEachWithItsWordAndPage()
    {
        var words = new Words();
        IReadOnlyList<ContainerView> containers = [.. new[] { Some.Container("1i1", "web"), Some.Container("1i2", "job", "error") }.Select(c => ContainerView.Of(new CattleResource(c), words))];
        var host = Some.View(Some.Active("1ph1", "web-1", "1h1"), Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        var card = Page.Render<HostCard>(p => p.Add(c => c.Host, host).Add(c => c.Href, "/env/1a5/hosts/1ph1").Add(c => c.Environment, "1a5").Add(c => c.Times, new ReadyTimes([])).Add(c => c.Containers, containers));

        Assert.Equal(["web: Running", "job: Failed"], card.FindAll("a.dot").Select(d => d.GetAttribute("title")));
        Assert.Equal("/env/1a5/containers/1i2", card.Find("a.dot.tone-failed").GetAttribute("href"));
        Assert.Equal("2 containers, 1 failed", card.Find(".dots-count").TextContent);
        Assert.Equal("/env/1a5/containers?host=1h1", card.Find(".dots-count").GetAttribute("href"));
    }

    [Fact]
    public void Card_Waiting_SaysWhyAndWhatWouldHelp()
    {
        var card = Card(Some.View(Some.Waiting("1ph1", "huge-1")));

        Assert.Equal("Waiting", Text(card, "[data-testid=host-state]"));
        Assert.Contains("No agent has 16 CPUs free", card.Markup, StringComparison.Ordinal);
        Assert.Contains("Ask for at most 6 CPUs", card.Markup, StringComparison.Ordinal);
        Assert.Contains("2 requests ahead", card.Markup, StringComparison.Ordinal);
        Assert.Contains("34 s", card.Markup, StringComparison.Ordinal);
        Assert.Contains("stage-waiting", card.Find("[data-stage=queue]").ClassName, StringComparison.Ordinal);
    }

    [Fact]
    public void Card_Booting_ShowsStageTimeAndWhatIsUsual()
    {
        var done = Some.View(Some.Active("1ph9", "web-9", "1h9"));
        var card = Card(Some.View(Some.Machine("1ph1", "web-1", "bootstrapping", "boot", secondsInStage: 7)), new ReadyTimes([done]));

        Assert.Equal("Booting", Text(card, "[data-testid=host-state]"));
        Assert.Matches(@"Boot:\s*7 s\s*, usually\s*9\.6 s\s*· then Docker", card.Find(".card-sub").TextContent);
        Assert.Equal("running", card.Find("[data-stage=boot]").GetAttribute("data-status"));
        Assert.Equal("done", card.Find("[data-stage=image]").GetAttribute("data-status"));
        Assert.Equal("next", card.Find("[data-stage=docker]").GetAttribute("data-status"));
    }

    [Fact]
    public void Card_Failed_SaysStageAndCause()
    {
        var card = Card(Some.View(Some.Failed("1ph1", "ci-7")));

        Assert.Equal("Failed", Text(card, "[data-testid=host-state]"));
        Assert.Contains("Failed in stage Docker: Docker in the guest did not answer within 60 s: the data disk is full.", card.Markup, StringComparison.Ordinal);
        Assert.Contains("tone-failed", card.Find("article").ClassName, StringComparison.Ordinal);
    }

    [Fact]
    public void Card_Reconnecting_CountsTheSilenceInsteadOfShowingOldFigures()
    {
        var card = Card(Some.View(Some.Active("1ph1", "edge-1", "1h1"), Some.Host("1h1", "edge-1", "1ph1", "reconnecting", Some.Load(at: Some.Now.AddSeconds(-47)))));

        Assert.Equal("Reconnecting", Text(card, "[data-testid=host-state]"));
        Assert.Contains("47 s", card.Find(".card-say").TextContent, StringComparison.Ordinal);
        Assert.Empty(card.FindAll(".meter"));
    }

    [Fact]
    public void Card_Removing_SaysWhatHappens() =>
        Assert.Contains("powered down", Card(Some.View(Some.Machine("1ph1", "old-1", "removing"))).Find(".card-say").TextContent, StringComparison.Ordinal);

    [Fact]
    public void Card_NameWithMarkup_IsText()
    {
        var card = Card(Some.View(Some.Machine("1ph1", "<b>x</b>", "creating")));
        Assert.Equal("<b>x</b>", card.Find(".card-name").TextContent);
    }

    private IRenderedComponent<HostCard> Card(HostView host, ReadyTimes? times = null) =>
        Page.Render<HostCard>(p => p.Add(c => c.Host, host).Add(c => c.Href, $"/env/1a5/hosts/{host.Key}").Add(c => c.Times, times ?? new ReadyTimes([])));

    private static string Text(IRenderedComponent<HostCard> card, string selector) => card.Find(selector).TextContent.Trim();
}
