using Drover.Web.Keys;
using Drover.Web.Tests.Fakes;
using MudBlazor;

namespace Drover.Web.Tests.Keys;

public sealed class KeysPageTests : PageTest
{
    [Fact]
    public async Task Create_ShowsTheSecretOnceAndTheListNever()
    {
        var dialogs = Page.Render<MudDialogProvider>();
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
        page.Find("[data-testid=create-key]").Click();
        dialogs.WaitForElement("#key-name").Change("pipeline");
        dialogs.Find("form").Submit();

        await UntilAsync(() => dialogs.FindAll("[data-testid=key-secret]").Count == 1);
        Assert.Equal(FakeKeys.Secret, dialogs.Find("[data-testid=key-secret]").TextContent);
        Assert.Contains("DROVER_SECRET_KEY=" + FakeKeys.Secret, dialogs.Find("[data-testid=key-export]").TextContent, StringComparison.Ordinal);

        dialogs.Find("[data-testid=key-done]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=key-pipeline]").Count == 1);
        Assert.DoesNotContain(FakeKeys.Secret, page.Markup + dialogs.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_SwitchedOffAndOn()
    {
        Cattle.Keys.Put("1c1", "pipeline", "active");
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=deactivate]").Count == 1);
        page.Find("[data-testid=deactivate]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=activate]").Count == 1);
        page.Find("[data-testid=activate]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=deactivate]").Count == 1);
    }

    [Fact]
    public async Task Remove_OfAnActiveKey_AsksOnceByNameAndSwitchesItOffFirst()
    {
        Cattle.Keys.Put("1c1", "pipeline", "active");
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=remove]").Count == 1);
        page.Find("[data-testid=remove]").Click();
        Assert.Equal("Remove pipeline", page.Find("[data-testid=confirm-remove]").TextContent.Trim());
        Assert.Equal("active", (string?)Cattle.Find("1c1")!["state"]);
        page.Find("[data-testid=confirm-remove]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
        Assert.Equal("removed", (string?)Cattle.Find("1c1")!["state"]);
    }

    private IRenderedComponent<KeysPage> Render() => Page.Render<KeysPage>(p => p.Add(c => c.Environment, "1a5"));
}
