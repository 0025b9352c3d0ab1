using System.Text.Json.Nodes;
using Drover.Web.Processes;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Processes;

public sealed class ProcessesPageTests : PageTest
{
    [Fact]
    public async Task Page_ProcessOfAHost_NamesItAndSaysHowLong()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Put(1, "DONE", took: 16);
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=process-1pi0001] a").Count == 1);
        Assert.Equal(("web-1", "/env/1a5/hosts/1ph1"), (page.Find("tr a").TextContent, page.Find("tr a").GetAttribute("href")));
        Assert.Contains("16.0 s", page.Markup, StringComparison.Ordinal);
        Assert.Contains("Done", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Failed_SaysWhyBelow_AndTheChoiceAsksTheServer()
    {
        Put(1, "DONE");
        Put(2, "ERROR", message: "Docker did not answer.");
        Put(3, null);
        var page = Render();
        await UntilAsync(() => page.FindAll("tbody tr").Count == 4);
        Assert.Contains("Docker did not answer.", page.Find(".list-why").TextContent, StringComparison.Ordinal);

        page.Find("[data-testid=kind-failed]").Click();
        await UntilAsync(() => page.FindAll("tbody tr").Count == 2);

        page.Find("[data-testid=kind-running]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=process-1pi0003]").Count == 1 && page.FindAll("tbody tr").Count == 1);
    }

    [Fact]
    public async Task Page_Many_ShowsOlderOnesOnDemandAndKeepsThemWhenItReadsAgain()
    {
        for (var i = 1; i <= 150; i++)
        {
            Put(i, "DONE");
        }

        var page = Render();
        await UntilAsync(() => page.FindAll("tbody tr").Count == 100);
        page.Find("[data-testid=more]").Click();
        await UntilAsync(() => page.FindAll("tbody tr").Count == 150);
        Assert.Empty(page.FindAll("[data-testid=more]"));

        Put(151, null);
        await UntilAsync(() => page.FindAll("tbody tr").Count == 151);
    }

    [Fact]
    public async Task Page_SessionEnded_SaysSo()
    {
        Cattle.SessionsValid = false;
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=problem]").Count == 1);
        Assert.Contains("Sign in again", page.Find("[data-testid=problem]").TextContent, StringComparison.Ordinal);
    }

    private void Put(int number, string? exit, string? message = null, int took = 3) => Cattle.PutSilently(new JsonObject
    {
        ["id"] = $"1pi{number:0000}", ["type"] = "processInstance", ["processName"] = "physicalhost.create", ["resourceType"] = "physicalHost", ["resourceId"] = "1ph1", ["phase"] = exit is null ? "handlers" : "ended", ["exitReason"] = exit, ["message"] = message,
        ["startTime"] = Some.Wire(Some.Now.AddSeconds(-60)), ["endTime"] = exit is null ? null : Some.Wire(Some.Now.AddSeconds(took - 60)),
    });

    private IRenderedComponent<ProcessesPage> Render() => Page.Render<ProcessesPage>(p => p.Add(c => c.Environment, "1a5"));
}
