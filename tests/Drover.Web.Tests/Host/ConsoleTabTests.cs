using System.Text.Json.Nodes;
using Drover.Web.Host;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Host;

/// <summary>The console tab, up to what the browser's script does.</summary>
public sealed class ConsoleTabTests : PageTest
{
    [Theory]
    [InlineData("drover", null, "serial", "serial")]
    [InlineData("drover", "vga", "graphical", "screen")]
    [InlineData("debian-12", null, "graphical", "screen")]
    [InlineData("debian-12", "none", "serial", "serial")]
    public async Task Tab_Opens_TheConsoleThatTheMachineHas(string image, string? display, string kind, string function)
    {
        var script = Script();
        var tab = Render(image, display, "console");
        await UntilAsync(() => Cattle.Orders.Count == 1);
        Assert.Equal(("console", kind), (Cattle.Orders.Single().Verb, (string?)Cattle.Orders.Single().Body["kind"]));
        await UntilAsync(() => script.Invocations[function].Count == 1);

        await tab.InvokeAsync(tab.Instance.Opened);
        Assert.Equal(kind == "graphical" ? 1 : 0, tab.FindAll("[data-testid=console-cad]").Count);
        Assert.NotEmpty(tab.FindAll("[data-testid=console-full]"));
    }

    [Fact]
    public async Task Console_ThatEnds_SaysWhy_AndIsOpenedAgain()
    {
        Script();
        var tab = Render("debian-12", null, "console");
        await UntilAsync(() => Cattle.Orders.Count == 1);
        await tab.InvokeAsync(tab.Instance.Opened);
        await tab.InvokeAsync(() => tab.Instance.Ended("The machine is being removed."));
        Assert.Contains("being removed", tab.Find("[data-testid=console-reason]").TextContent, StringComparison.Ordinal);
        await tab.Find("[data-testid=console-again]").ClickAsync(new());
        await UntilAsync(() => Cattle.Orders.Count == 2);
        Assert.Empty(tab.FindAll("[data-testid=console-reason]"));
    }

    [Fact]
    public async Task Console_ThatIsRefused_SaysWhy()
    {
        Script();
        Cattle.RefuseOrder = _ => "8 consoles of this machine are open.";
        var tab = Render("debian-12", null, "console");
        await UntilAsync(() => tab.FindAll("[data-testid=console-reason]").Count == 1);
        Assert.Contains("8 consoles", tab.Find("[data-testid=console-reason]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Console_ThatIsNotOffered_IsNotAskedFor()
    {
        Script();
        var tab = Render("debian-12", null, "stop");
        Assert.Contains("owners and members", tab.Find("[data-testid=console-reason]").TextContent, StringComparison.Ordinal);
        Assert.Empty(Cattle.Orders);
        Assert.Empty(tab.FindAll("[data-testid=console-again]"));
    }

    private BunitJSModuleInterop Script()
    {
        var script = Page.JSInterop.SetupModule("./_content/Drover.Web/lib/console.js");
        script.Mode = JSRuntimeMode.Loose;
        return script;
    }

    private IRenderedComponent<ConsoleTab> Render(string image, string? display, string action)
    {
        var config = new JsonObject { ["image"] = image, ["display"] = display };
        Cattle.PutSilently(Some.With(Some.Active("1ph1", "web-1", "1h1"), ("mesosConfig", config), ("actions", new JsonObject { [action] = "x" })));
        return Page.Render<ConsoleTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Host, Some.View(Cattle.Find("1ph1"))));
    }
}
