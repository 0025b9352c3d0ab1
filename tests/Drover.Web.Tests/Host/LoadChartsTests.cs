using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Web.Host;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Host;

/// <summary>The curves of a host, up to what the browser's script does.</summary>
public sealed class LoadChartsTests : PageTest
{
    [Fact]
    public async Task Samples_GoToTheScriptOnce_AndRenderNothing()
    {
        var curves = Script();
        var first = Some.Load(10, at: Some.Now);
        var charts = Render([first]);
        await UntilAsync(() => Told(curves).Count == 1);
        Assert.Equal(10, Assert.Single(Told(curves)[0]).Cpu);
        var renders = charts.RenderCount;

        var second = Some.Load(20, at: Some.Now.AddSeconds(5));
        charts.Render(p => p.Add(c => c.History, [first, second]));
        charts.Render(p => p.Add(c => c.History, [first, second]));

        await UntilAsync(() => Told(curves).Count == 2);
        Assert.Equal((20, Some.Now.AddSeconds(5).ToUnixTimeSeconds()), Told(curves)[1].Select(p => (p.Cpu, (long)p.At)).Single());
        Assert.Equal(renders, charts.RenderCount);
    }

    [Fact]
    public async Task Past_IsAskedOfTheServer_AndHandedOverInColumns()
    {
        string? asked = null;
        Cattle.Loads = span =>
        {
            asked = span;
            return Answer("hostLoadHistory");
        };
        Script();
        var past = await Render([]).Instance.Past("24h");

        Assert.Equal(("24h", 300, DateTimeOffset.Parse("2026-03-01T11:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeSeconds()), (asked, past.Step, past.Since));
        Assert.Equal([null, 12.5], past.Columns!["cpu"]);
        Assert.Equal(["cpu", "disk", "memory", "peak", "received", "sent"], past.Columns.Keys.Order(StringComparer.Ordinal));
        Assert.Null(past.Problem);
    }

    [Fact]
    public async Task Past_OfAServerThatKeepsNone_SaysSo()
    {
        Cattle.Loads = _ => Answer("collection");
        Script();
        Assert.Contains("keeps no past", (await Render([]).Instance.Past("1h")).Problem, StringComparison.Ordinal);
        Assert.Null(LoadColumns.Read([]));
        Assert.Null(LoadColumns.Read(new JsonObject { ["type"] = "hostLoadHistory", ["since"] = "yesterday", ["step"] = 60 }));
        var uneven = Answer("hostLoadHistory");
        uneven["networkSend"] = new JsonArray(1);
        Assert.Null(LoadColumns.Read(uneven));
    }

    [Fact]
    public async Task Past_ThatCannotBeRead_SaysWhy_AndIsAskedForAgain()
    {
        Cattle.Loads = _ => null;
        Script();
        var past = await Render([]).Instance.Past("1h");
        Assert.Equal((true, "The past cannot be read: The database is busy; try again."), (past.Again, past.Problem));
    }

    [Fact]
    public async Task Page_BeforeTheHostHasRegistered_SaysWhenThereWillBeCurves()
    {
        Cattle.Put(Some.Machine("1ph1", "web-1", "creating", "queue"));
        var page = Page.Render<HostPage>(p => p.Add(x => x.Environment, "1a5").Add(x => x.Key, "1ph1"));
        await UntilAsync(() => page.FindAll("[data-testid=loads-wait]").Count == 1);
        Assert.Contains("once the host has registered", page.Find("[data-testid=loads-wait]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=loads]"));
    }

    private static JsonObject Answer(string type)
    {
        var answer = new JsonObject { ["type"] = type, ["since"] = "2026-03-01T11:00:00Z", ["step"] = 300 };
        foreach (var column in (string[])["cpuPercent", "cpuPercentMax", "memoryUsedBytes", "diskUsedBytes", "networkReceive", "networkSend", "load1"])
        {
            answer[column] = new JsonArray(null, 12.5);
        }

        return answer;
    }

    private static List<LoadPoint[]> Told(BunitJSModuleInterop curves) => [.. curves.Invocations["add"].Select(i => (LoadPoint[])i.Arguments[0]!)];

    private BunitJSModuleInterop Script()
    {
        var script = Page.JSInterop.SetupModule("./_content/Drover.Web/lib/loads.js");
        script.Mode = JSRuntimeMode.Loose;
        var curves = script.SetupModule("open", _ => true);
        curves.Mode = JSRuntimeMode.Loose;
        return curves;
    }

    private IRenderedComponent<LoadCharts> Render(IReadOnlyList<Drover.Api.Agents.HostLoad> history) =>
        Page.Render<LoadCharts>(p => p.Add(c => c.Environment, "1a5").Add(c => c.HostId, "1h1").Add(c => c.History, history));
}
