using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Host;
using Drover.Web.Tests.Fakes;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Tests.Host;

public sealed class HostPageTests : PageTest
{
    [Fact]
    public async Task Page_Active_ShowsStagesWithSecondsAndFacts()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        var page = Render("1ph1");

        await UntilAsync(() => Heading(page) == "web-1");
        Assert.Contains("9.6 s", page.Find("[data-testid=stage-bar] [data-stage=boot]").TextContent, StringComparison.Ordinal);
        Assert.Contains("KVM (hardware)", page.Find(".facts").TextContent, StringComparison.Ordinal);
        Assert.Contains("20.10.24", page.Find(".facts").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=failure]"));
    }

    [Fact]
    public async Task Page_ContainersTab_ListsThoseOfThisHost()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        Cattle.PutSilently(Some.Container("1i1", "mine"));
        Cattle.PutSilently(Some.Container("1i2", "other", host: "1h2"));
        var page = Render("1ph1", "containers");
        await UntilAsync(() => page.FindAll("[data-testid=container-mine]").Count == 1);
        Assert.Empty(page.FindAll("[data-testid=container-other], .c-host"));
        Assert.Contains("Containers (1)", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_ImagesTab_SaysTagsAndSizesOrWhyNot()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        var page = Render("1ph1", "images");
        await UntilAsync(() => page.FindAll("[data-testid=images-problem]").Count == 1);
        Assert.Contains("its link returns by itself", page.Find("[data-testid=images-problem]").TextContent, StringComparison.Ordinal);

        Cattle.Containers.Images["1h1"] = new JsonArray(new JsonObject { ["id"] = "sha256:9f3c2a718d4e4b7a9a55", ["type"] = "containerImage", ["tags"] = new JsonArray("nginx:1.27"), ["size"] = 188_000_000, ["containers"] = 3 });
        page.Find("[data-testid=images-problem] button").Click();

        await UntilAsync(() => page.FindAll("[data-testid=host-images]").Count == 1);
        Assert.Contains("nginx:1.27", page.Find("[data-testid=host-images]").TextContent, StringComparison.Ordinal);
        Assert.Contains("179.3 MiB", page.Find("[data-testid=host-images]").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=images-problem]"));
    }

    [Fact]
    public async Task Page_Failed_ShowsStageCauseAndCleanConsole()
    {
        Cattle.PutSilently(Some.Failed("1ph1", "ci-7"));
        var page = Render("1ph1");

        await UntilAsync(() => Heading(page) == "ci-7");
        Assert.Contains("Failed in stage Docker", page.Find("[data-testid=failure] h2").TextContent, StringComparison.Ordinal);
        Assert.Contains("the data disk is full", page.Find("[data-testid=failure-cause]").TextContent, StringComparison.Ordinal);
        Assert.Contains("no space left on device\n", page.Find("[data-testid=failure-console]").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("[31m", page.Markup, StringComparison.Ordinal);
        Assert.Equal("failed", page.Find("[data-testid=stage-bar] [data-stage=docker]").GetAttribute("data-status"));
    }

    [Fact]
    public async Task Page_Waiting_SaysWhatWouldHelp()
    {
        Cattle.PutSilently(Some.Waiting("1ph1", "huge-1"));
        var page = Render("1ph1");
        await UntilAsync(() => Heading(page) == "huge-1");
        Assert.Contains("Ask for at most 6 CPUs", page.Find("[data-testid=waiting]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_DeletedElsewhere_SaysSo()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        var page = Render("1ph1");
        await UntilAsync(() => Heading(page) == "web-1");

        Feed.Apply(new CattleResource(Some.Machine("1ph1", "web-1", "removed")));

        await UntilAsync(() => Heading(page) == "web-1 was deleted");
    }

    [Fact]
    public async Task Page_UnknownHost_SaysSoInsteadOfLoadingForEver()
    {
        var page = Render("1ph404");
        await UntilAsync(() => Heading(page) == "There is no such host here");
    }

    [Fact]
    public async Task Delete_NotConfirmed_DeletesNothing()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        var page = await OpenAsync(dialogs => DeleteHostDialog.ShowAsync(dialogs, "1a5", Some.View(Cattle.Find("1ph1"))));
        Assert.Contains("Delete web-1?", page.Markup, StringComparison.Ordinal);

        page.FindAll("button").Single(b => b.TextContent.Trim() == "Keep it").Click();

        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[data-testid=confirm-delete]")));
        Assert.Empty(Cattle.Deleted);
    }

    [Fact]
    public async Task Delete_Confirmed_DeletesTheMachine()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        Task<bool>? asked = null;
        var view = Some.View(Cattle.Find("1ph1"), Some.Host("1h1", "web-1", "1ph1", load: Some.Load()));
        var page = await OpenAsync(dialogs => asked = DeleteHostDialog.ShowAsync(dialogs, "1a5", view));
        Assert.Contains("4 containers among it", page.Markup, StringComparison.Ordinal);

        await page.Find("[data-testid=confirm-delete]").ClickAsync(new());

        Assert.True(await asked!.WaitAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Equal(["1ph1"], Cattle.Deleted);
        Assert.Equal("removing", Feed.Model.Find("1ph1")!.Status.Name);
    }

    [Fact]
    public async Task Delete_GoneAlready_IsWhatWasWanted()
    {
        Task<bool>? asked = null;
        var page = await OpenAsync(dialogs => asked = DeleteHostDialog.ShowAsync(dialogs, "1a5", Some.View(Some.Active("1ph1", "web-1", "1h1"))));
        await page.Find("[data-testid=confirm-delete]").ClickAsync(new());
        Assert.True(await asked!.WaitAsync(TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task Delete_SessionEnded_SaysItInTheDialog()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        var page = await OpenAsync(dialogs => DeleteHostDialog.ShowAsync(dialogs, "1a5", Some.View(Cattle.Find("1ph1"))));
        Cattle.SessionsValid = false;

        await page.Find("[data-testid=confirm-delete]").ClickAsync(new());

        page.WaitForAssertion(() => Assert.Contains("Your session has ended", page.Find("[data-testid=delete-error]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Page_DeleteConfirmed_ReturnsToTheList()
    {
        Cattle.PutSilently(Some.Active("1ph1", "web-1", "1h1"));
        var dialogs = Page.Render<MudDialogProvider>();
        var page = Render("1ph1");
        await UntilAsync(() => Heading(page) == "web-1");
        page.Find("[data-testid=host-delete]").Click();
        await dialogs.WaitForElement("[data-testid=confirm-delete]").ClickAsync(new());

        page.WaitForAssertion(() => Assert.EndsWith("/env/1a5/hosts", Page.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal));
    }

    private static string? Heading(IRenderedComponent<HostPage> page) => page.FindAll("h1").SingleOrDefault()?.TextContent;

    private IRenderedComponent<HostPage> Render(string key, string? tab = null)
    {
        Page.Services.GetRequiredService<NavigationManager>().NavigateTo($"/env/1a5/hosts/{key}{(tab is null ? "" : $"?tab={tab}")}");
        return Page.Render<HostPage>(p => p.Add(c => c.Environment, "1a5").Add(c => c.Key, key));
    }
}
