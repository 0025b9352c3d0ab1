using System.Text.Json.Nodes;
using Drover.Web.Host;
using Drover.Web.Tests.Fakes;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Tests.Host;

/// <summary>What the host page lets one do with a machine.</summary>
public sealed class HostOrdersTests : PageTest
{
    [Fact]
    public async Task Buttons_AreWhatTheServerOffers_AndAskForIt()
    {
        Put("active", "stop", "reboot", "snapshot");
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-stop]").Count == 1);
        Assert.Empty(page.FindAll("[data-testid=host-start]"));
        await page.Find("[data-testid=host-reboot]").ClickAsync(new());
        await UntilAsync(() => Cattle.Orders.Count == 1);
        Assert.Equal("reboot", Cattle.Orders.Single().Verb);
    }

    [Fact]
    public async Task Refusal_StandsOnThePage()
    {
        Cattle.RefuseOrder = _ => "machine 1ph1 is removing; 'stop' is not possible in this state.";
        Put("active", "stop");
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-stop]").Count == 1);
        await page.Find("[data-testid=host-stop]").ClickAsync(new());
        await UntilAsync(() => page.FindAll("[data-testid=host-trouble]").Count == 1);
        Assert.Contains("not possible", page.Find("[data-testid=host-trouble]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_ShowsItsState_AndThatTheLastOrderFailed()
    {
        Cattle.PutSilently(Some.With(Machine("stopped", "start"), ("transitioning", "error"), ("transitioningMessage", "The guest did not come back.")));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-start]").Count == 1);
        Assert.Contains("Stopped", page.Find(".host-head").TextContent, StringComparison.Ordinal);
        Assert.Contains("did not come back", page.Find("[data-testid=host-trouble]").TextContent, StringComparison.Ordinal);
        Assert.Contains("holds of the cluster", page.Find("[data-testid=host-off]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Protected_CannotBeDeleted_AndItsEndIsAnnouncedOnlyWhenItIsNot()
    {
        var machine = Some.With(Machine("active", "stop"), ("protected", true), ("deleteAt", "2026-05-01T18:00:00Z"));
        Cattle.PutSilently(machine);
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=host-delete]").Count == 1);
        Assert.True(page.Find("[data-testid=host-delete]").HasAttribute("disabled"));
        Assert.Empty(page.FindAll("[data-testid=host-ends]"));
        Feed.Apply(new Drover.Api.Cattle.CattleResource(Some.With((JsonObject)machine.DeepClone(), ("protected", false))));
        await UntilAsync(() => page.FindAll("[data-testid=host-ends]").Count == 1);
        Assert.Contains("2026-05-01 18:00", page.Find("[data-testid=host-ends]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_GoingBackAsksFirst()
    {
        Cattle.PutSilently(Some.With(Machine("active", "restore", "removesnapshot", "snapshot"), ("snapshots", new JsonArray(new JsonObject { ["name"] = "before", ["created"] = "2026-01-01T00:00:00Z" }))));
        var page = Render("snapshots");
        await UntilAsync(() => page.FindAll("[data-testid=restore-before]").Count == 1);
        await page.Find("[data-testid=restore-before]").ClickAsync(new());
        Assert.Empty(Cattle.Orders);
        await page.Find("[data-testid=confirm-restore]").ClickAsync(new());
        await UntilAsync(() => Cattle.Orders.Count == 1);
        var (verb, body) = Cattle.Orders.Single();
        Assert.Equal(("restore", "before"), (verb, (string?)body["name"]));
    }

    [Theory]
    [InlineData("settings", "size-memory", "2GiB", "size-set", "resize", "memory")]
    [InlineData("snapshots", "clone-name", "web-2", "clone-make", "clone", "name")]
    public async Task Form_OfAnotherSizeOrAClone_AsksForIt(string tab, string field, string value, string button, string verb, string name)
    {
        Put("active", "resize", "clone");
        var page = Render(tab);
        await UntilAsync(() => page.FindAll($"[data-testid={button}]").Count == 1);
        Assert.True(page.Find($"[data-testid={button}]").HasAttribute("disabled"));
        page.Find($"#{field}").Input(value);
        await page.Find($"[data-testid={button}]").Closest("form")!.SubmitAsync();
        await UntilAsync(() => Cattle.Orders.Count == 1);
        Assert.Equal((verb, value), (Cattle.Orders.Single().Verb, (string?)Cattle.Orders.Single().Body[name]));
    }

    [Fact]
    public async Task Resizing_WithoutRoom_SaysWhyAndThatAnotherSizeMayBeAskedFor()
    {
        Cattle.PutSilently(Some.With(
            Machine("resizing", "resize"),
            ("stages", new JsonArray(new JsonObject { ["stage"] = "queue", ["status"] = "running", ["startedAt"] = "2026-01-01T00:00:00Z" })),
            ("waiting", new JsonObject { ["reason"] = "Its disk is on box.", ["suggestion"] = "It would fit on box with 1 GiB less memory.", ["ahead"] = 0 })));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=waiting]").Count == 1);
        Assert.Contains("in its settings", page.Find("[data-testid=waiting]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_FromOutside_IsShown()
    {
        Cattle.Usage = new JsonArray(new JsonObject { ["at"] = "2026-01-01T00:00:00Z", ["cpuPercent"] = 42, ["memoryBytes"] = 50L << 20, ["residentBytes"] = 400L << 20 });
        Put("active", "stop");
        var page = Render("overview");
        await UntilAsync(() => page.FindAll("[data-testid=usage]").Count == 1);
        Assert.Contains("42 %", page.Find("[data-testid=usage]").TextContent, StringComparison.Ordinal);
    }

    private static JsonObject Machine(string state, params string[] actions) => Some.With(
        Some.With(Some.Active("1ph1", "web-1", "1h1"), ("state", state)),
        ("actions", new JsonObject(actions.Select(a => KeyValuePair.Create(a, (JsonNode?)$"http://x/{a}")))));

    private void Put(string state, params string[] actions)
    {
        Cattle.PutSilently(Machine(state, actions));
        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
    }

    private IRenderedComponent<HostPage> Render(string tab = "overview")
    {
        Page.Services.GetRequiredService<NavigationManager>().NavigateTo($"/env/1a5/hosts/1ph1?tab={tab}");
        return Page.Render<HostPage>(p => p.Add(c => c.Environment, "1a5").Add(c => c.Key, "1ph1"));
    }
}
