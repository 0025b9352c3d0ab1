using System.Text.Json.Nodes;
using Drover.Web.Containers;
using Drover.Web.Live;
using Drover.Web.Tests.Fakes;
using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Drover.Web.Tests.Containers;

public sealed class ContainersPageTests : PageTest
{
    private ContainersFeed Containers => Page.Services.GetRequiredService<ContainersFeed>();

    [Fact]
    public async Task Page_WithoutContainers_SaysHowToRunOne()
    {
        PutHost();
        var page = Render();
        Assert.Empty(page.FindAll("[data-testid=empty]"));
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1 && page.Markup.Contains("drover docker alpha", StringComparison.Ordinal));
        Assert.Contains("drover run -d --name web", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_WithoutHosts_SaysThatAHostComesFirst()
    {
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=empty] a[href='/env/1a5/hosts']").Count == 1);
    }

    [Fact]
    public async Task Page_SeveralPages_AreReadOnceAndThenOnlyEvents()
    {
        Cattle.Containers.Fill(3_500, ["1h1"]);
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=count]").SingleOrDefault()?.TextContent == "3,500 containers" && Containers.State == FeedState.Live);
        var read = Cattle.Containers.PagesRead;

        Cattle.Put(Some.Container("1i9", "aaa-new"));
        await UntilAsync(() => page.FindAll("[data-testid=count]").Single().TextContent == "3,501 containers");
        Cattle.Put(Some.Container("1i9", "aaa-new", "removed"));
        await UntilAsync(() => page.FindAll("[data-testid=count]").Single().TextContent == "3,500 containers");
        Assert.Equal(read, Cattle.Containers.PagesRead);
    }

    [Fact]
    public async Task Page_Row_ShowsStateHostImageAndPortsThatLead()
    {
        PutHost();
        Cattle.PutSilently(Some.With(Some.Container("1i1", "web"), ("ports", new JsonArray("8080:80/tcp"))));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-web] .c-host a").Count == 1);
        Assert.Equal("Running", page.Find("[data-testid=container-web] .state").TextContent.Trim());
        Assert.Equal("/env/1a5/containers/1i1", page.Find("[data-testid=container-web] .c-name a").GetAttribute("href"));
        Assert.Equal("/env/1a5/hosts/1ph1", page.Find("[data-testid=container-web] .c-host a").GetAttribute("href"));
        Assert.Equal("http://10.0.2.15:8080", page.Find("[data-testid=container-web] .c-ports a").GetAttribute("href"));
    }

    [Fact]
    public async Task Page_SubscriptionCut_ReadsWhatItMissed()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-web]").Count == 1 && Cattle.Subscribers == 1);

        Cattle.PutSilently(Some.Container("1i1", "web", "stopped"));
        Cattle.CutSubscriptions();

        await UntilAsync(() => page.Find("[data-testid=container-web] .state").TextContent.Trim() == "Stopped");
    }

    [Fact]
    public async Task Menu_Stop_IsAskedAndSeen()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-web]").Count == 1);
        page.Find("[data-testid=container-web] [data-testid=menu]").Click();
        Assert.Empty(page.FindAll("[data-testid=menu-start]"));
        page.Find("[data-testid=menu-stop]").Click();
        await UntilAsync(() => page.Find("[data-testid=container-web] .state").TextContent.Trim() == "Stopped");
        Assert.Equal(("stop", "1i1"), (Cattle.Containers.Orders.Single().Verb, Cattle.Containers.Orders.Single().Id));
    }

    [Fact]
    public async Task Bulk_OneIsRefused_ThatRowSaysWhyAndStaysSelected()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        Cattle.PutSilently(Some.Container("1i2", "db"));
        Cattle.PutSilently(Some.Container("1i3", "off", "stopped"));
        Cattle.Containers.Refuse = (_, id) => id == "1i2" ? "cannot stop container: tried to kill it, but it did not die" : null;
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-off]").Count == 1);

        page.Find("[data-testid=select-all]").Change(true);
        Assert.Equal("3 selected", page.Find("[data-testid=selected]").TextContent);
        page.Find("[data-testid=bulk-stop]").Click();

        await UntilAsync(() => page.FindAll("[data-testid=note-db]").Count == 1 && page.FindAll("[data-testid=selected]").SingleOrDefault()?.TextContent == "1 selected");
        Assert.Contains("did not die", page.Find("[data-testid=note-db]").TextContent, StringComparison.Ordinal);
        Assert.Equal(["1i1", "1i2"], Cattle.Containers.Orders.Select(o => o.Id).Order(StringComparer.Ordinal));
        page.Find("[data-testid=note-db] button").Click();
        Assert.Empty(page.FindAll("[data-testid=note-db]"));
    }

    [Fact]
    public async Task Remove_AsksByNameFirst()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var dialogs = Page.Render<MudDialogProvider>();
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-web]").Count == 1);
        page.Find("[data-testid=container-web] [data-testid=menu]").Click();
        page.Find("[data-testid=menu-remove]").Click();
        var confirm = dialogs.WaitForElement("[data-testid=confirm-remove]");
        Assert.Equal("Remove web", confirm.TextContent.Trim());
        Assert.Empty(Cattle.Containers.Orders);
        await confirm.ClickAsync(new());
        await UntilAsync(() => page.FindAll("[data-testid=container-web]").Count == 0);
    }

    [Fact]
    public async Task Address_NamesAFilter_TheListIsFilteredAndWhatIsChosenIsWrittenBack()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        Cattle.PutSilently(Some.Container("1i2", "db", "error"));
        Page.Services.GetRequiredService<NavigationManager>().NavigateTo("/env/1a5/containers?state=failed&sort=-age");
        var script = Page.JSInterop.SetupModule("./_content/Drover.Web/drover.js");
        script.Mode = JSRuntimeMode.Loose;
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=container-db]").Count == 1);
        Assert.Empty(page.FindAll("[data-testid=container-web]"));

        page.Find("[data-testid=state-failed]").Click();
        page.Find("[data-testid=filter]").Input("web");

        Assert.NotEmpty(page.FindAll("[data-testid=container-web]"));
        Assert.EndsWith("/env/1a5/containers?q=web&sort=-age", ((string)script.Invocations["address"][^1].Arguments[0]!).Replace("sort=-age&q=web", "q=web&sort=-age", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private void PutHost()
    {
        Cattle.PutSilently(Some.Active("1ph1", "alpha", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "alpha", "1ph1", load: Some.Load()));
    }

    private IRenderedComponent<ContainersPage> Render() => Page.Render<ContainersPage>(p => p.Add(c => c.Environment, "1a5"));
}
