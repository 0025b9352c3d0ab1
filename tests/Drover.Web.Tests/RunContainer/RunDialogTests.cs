using System.Text.Json.Nodes;
using Drover.Web.Containers;
using Drover.Web.Live;
using Drover.Web.RunContainer;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.RunContainer;

public sealed class RunDialogTests : PageTest
{
    [Fact]
    public async Task Run_Taken_ClosesAndTheRowShowsThePull()
    {
        Page.Services.GetRequiredService<ContainersFeed>().Open("1a5");
        var dialog = await OpenAsync(dialogs => RunDialog.ShowAsync(dialogs, "1a5", null));
        dialog.Find("#run-image").Input("nginx:1.27");
        dialog.Find("#run-name").Input("web");
        Assert.Equal("drover run -d --name web nginx:1.27", dialog.Find("[data-testid=run-cli]").TextContent);
        Assert.StartsWith("POST ", dialog.Find("[data-testid=run-api]").TextContent, StringComparison.Ordinal);

        dialog.Find("form").Submit();

        await UntilAsync(() => dialog.FindAll("form").Count == 0);
        Assert.Equal("docker:nginx:1.27", (string?)Cattle.Containers.Created.Single()["imageUuid"]);
        var page = Page.Render<ContainersPage>(p => p.Add(c => c.Environment, "1a5"));
        await UntilAsync(() => page.FindAll("[data-testid=container-web] [role=progressbar]").Count == 1);
        Assert.Contains("3 of 7 layers", page.Find("[data-testid=container-web] .c-detail").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnAHost_AsksForIt()
    {
        var host = Some.View(Some.Active("1ph1", "alpha", "1h1"), Some.Host("1h1", "alpha", "1ph1"));
        var dialog = await OpenAsync(dialogs => RunDialog.ShowAsync(dialogs, "1a5", host));
        dialog.Find("#run-image").Input("nginx");
        Assert.Equal("drover run -d --host alpha nginx", dialog.Find("[data-testid=run-cli]").TextContent);
        dialog.Find("form").Submit();
        await UntilAsync(() => Cattle.Containers.Created.Count == 1);
        Assert.Equal("1h1", (string?)Cattle.Containers.Created.Single()["requestedHostId"]);
    }

    [Fact]
    public async Task Run_RefusedField_IsSaidThere()
    {
        Cattle.Containers.RefuseCreate = _ => new JsonObject { ["status"] = 422, ["code"] = "InvalidOption", ["fieldName"] = "ports", ["detail"] = "Port 8080 of alpha is taken by web." };
        var dialog = await OpenAsync(dialogs => RunDialog.ShowAsync(dialogs, "1a5", null));
        dialog.Find("#run-image").Input("nginx");
        dialog.Find("#run-ports").Input("8080:80");
        dialog.Find("form").Submit();
        await UntilAsync(() => dialog.Markup.Contains("is taken by web", StringComparison.Ordinal));
        Assert.Empty(dialog.FindAll("[data-testid=run-error]"));
    }

    [Fact]
    public async Task Run_RefusedAltogether_IsSaidInTheDialog()
    {
        Cattle.Containers.RefuseCreate = _ => new JsonObject { ["status"] = 403, ["code"] = "Forbidden" };
        var dialog = await OpenAsync(dialogs => RunDialog.ShowAsync(dialogs, "1a5", null));
        dialog.Find("#run-image").Input("nginx");
        dialog.Find("form").Submit();
        await UntilAsync(() => dialog.FindAll("[data-testid=run-error]").Count == 1);
        Assert.Contains("not run containers in it", dialog.Find("[data-testid=run-error]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NothingWritten_AsksForTheImageAndSendsNothing()
    {
        var dialog = await OpenAsync(dialogs => RunDialog.ShowAsync(dialogs, "1a5", null));
        Assert.DoesNotContain("The image to run", dialog.Markup, StringComparison.Ordinal);
        dialog.Find("form").Submit();
        await UntilAsync(() => dialog.Markup.Contains("The image to run", StringComparison.Ordinal));
        Assert.Empty(Cattle.Containers.Created);
    }
}
