using System.Text.Json.Nodes;
using AngleSharp.Dom;
using Drover.Web.AddHost;
using MudBlazor;

namespace Drover.Web.Tests.AddHost;

public sealed class AddHostDialogTests : PageTest
{
    private IRenderedComponent<MudDialogProvider> _page = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _page = await OpenAsync(dialogs => AddHostDialog.ShowAsync(dialogs, "1a5", like: null));
    }

    [Fact]
    public void Open_NothingTyped_AccusesNobody()
    {
        Assert.Empty(_page.FindAll(".mud-input-error"));
        Assert.Equal("drover host create NAME", Find("add-host-cli").TextContent);
    }

    [Fact]
    public void Submit_NoName_SaysSoAndSendsNothing()
    {
        Submit();
        Assert.Contains("A host needs a name.", _page.Markup, StringComparison.Ordinal);
        Assert.Empty(Cattle.Created);
    }

    [Fact]
    public void Submit_Valid_SendsShowsAtOnceAndCloses()
    {
        Type("add-host-name", "web-1");
        Find("preset-medium").Click();
        Assert.Equal("drover host create web-1 --cpus 2 --memory 4GiB --disk 20GiB", Find("add-host-cli").TextContent);

        Submit();

        _page.WaitForAssertion(() => Assert.Empty(_page.FindAll("[data-testid=add-host-name]")));
        Assert.Equal("web-1", (string?)Assert.Single(Cattle.Created)["name"]);
        Assert.Equal("web-1", Assert.Single(Feed.Model.Hosts).Name);
    }

    [Fact]
    public async Task Preview_FollowsTheForm_AMomentAfterTheLastChange()
    {
        Cattle.Trial = new JsonObject { ["type"] = "machineTrial", ["fits"] = 1, ["message"] = "Fits now on agent-1." };
        Type("add-host-cpus", "2");
        Type("add-host-cpus", "4");
        Assert.Contains("Asking the scheduler", Find("add-host-fit").TextContent, StringComparison.Ordinal);
        await UntilAsync(() => Find("add-host-fit").TextContent.Contains("Fits now on agent-1.", StringComparison.Ordinal), "the answer");
        Assert.Equal(4, (double)Assert.Single(Cattle.Trials)["mesosConfig"]!["cpus"]!);

        Cattle.Trial = null;
        Type("add-host-count", "2");
        await UntilAsync(() => Find("add-host-fit").TextContent.Contains("no scheduler is connected", StringComparison.Ordinal), "no scheduler");
        Type("add-host-cpus", "many");
        Assert.Contains("once the fields above are right", Find("add-host-fit").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Submit_Several_AsksForEach()
    {
        Type("add-host-name", "web");
        Type("add-host-count", "3");
        Submit();
        _page.WaitForAssertion(() => Assert.Equal(["web-1", "web-2", "web-3"], Cattle.Created.Select(c => (string?)c["name"])));
    }

    [Fact]
    public void Submit_ServerRefusesAField_SaysItAtTheField()
    {
        Cattle.Refuse = _ => new JsonObject { ["type"] = "error", ["status"] = 422, ["code"] = "InvalidReference", ["fieldName"] = "image", ["detail"] = "There is no image 'nix'. There are: drover." };
        Type("add-host-name", "web-1");
        Type("add-host-image", "nix");
        Submit();

        _page.WaitForAssertion(() => Assert.Contains("There is no image 'nix'", FieldOf("add-host-image").TextContent, StringComparison.Ordinal));
        Assert.Empty(_page.FindAll("[data-testid=add-host-error]"));
    }

    [Fact]
    public void Submit_TheSecondOfThreeIsRefused_SaysWhatExistsAndGoesOnFromThere()
    {
        Cattle.Refuse = body => (string?)body["name"] == "web-2" ? new JsonObject { ["type"] = "error", ["status"] = 500, ["code"] = "Broken" } : null;
        Type("add-host-name", "web");
        Type("add-host-count", "3");
        Submit();
        _page.WaitForAssertion(() => Assert.Contains("web-1 is being made", Find("add-host-error").TextContent, StringComparison.Ordinal));

        Cattle.Refuse = _ => null;
        Submit();

        _page.WaitForAssertion(() => Assert.Empty(_page.FindAll("[data-testid=add-host-name]")));
        Assert.Equal(["web-1", "web-2", "web-3"], Cattle.Created.Select(c => (string?)c["name"]));
    }

    [Fact]
    public async Task Submit_ServerAway_SaysSoInTheForm()
    {
        await Cattle.DisposeAsync();
        Type("add-host-name", "web-1");
        Submit();
        _page.WaitForAssertion(() => Assert.Contains("The server does not answer", Find("add-host-error").TextContent, StringComparison.Ordinal));
    }

    private IElement Find(string id) => _page.Find($"[data-testid={id}]");

    private IElement FieldOf(string id) => Find(id).Closest(".mud-input-control")!;

    private void Type(string id, string text) => Find(id).Input(text);

    private void Submit() => _page.Find("#add-host-form").Submit();
}
