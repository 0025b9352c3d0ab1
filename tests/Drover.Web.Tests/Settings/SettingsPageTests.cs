using System.Text.Json.Nodes;
using Drover.Web.Settings;

namespace Drover.Web.Tests.Settings;

public sealed class SettingsPageTests : PageTest
{
    [Fact]
    public async Task Change_RefusedThenTaken_SaysWhyAtTheField()
    {
        Put("pool.warm", "0");
        var page = Page.Render<SettingsPage>(p => p.Add(c => c.Environment, "1a5"));
        await UntilAsync(() => page.FindAll("[data-testid=setting-change]").Count == 1);
        page.Find("[data-testid=setting-change]").Click();
        page.Find("[data-testid=setting-value]").Input("wrong");
        page.Find("form").Submit();
        await UntilAsync(() => page.FindAll("[data-testid=setting-refusal]").Count == 1);
        Assert.Contains("must be auto or a number", page.Find("[data-testid=setting-refusal]").TextContent, StringComparison.Ordinal);

        page.Find("[data-testid=setting-value]").Input("2");
        page.Find("form").Submit();
        await UntilAsync(() => page.FindAll("form").Count == 0 && page.Find("[data-testid='setting-pool.warm']").TextContent.Contains("changed", StringComparison.Ordinal));
        Assert.Equal("2", (string?)Cattle.Find("1as!pool.warm")!["value"]);
    }

    [Fact]
    public async Task Page_OfWhoIsNoAdministrator_OffersNothing()
    {
        Cattle.MayAddImages = false;
        Put("pool.warm", "0");
        var page = Page.Render<SettingsPage>(p => p.Add(c => c.Environment, "1a5"));
        await UntilAsync(() => page.Markup.Contains("Administrators change them", StringComparison.Ordinal) && page.FindAll("tbody tr").Count == 1);
        Assert.Empty(page.FindAll("[data-testid=setting-change]"));
    }

    private void Put(string name, string value) => Cattle.PutSilently(new JsonObject { ["id"] = $"1as!{name}", ["type"] = "setting", ["name"] = name, ["value"] = value, ["source"] = "Code Packaged Defaults" });
}
