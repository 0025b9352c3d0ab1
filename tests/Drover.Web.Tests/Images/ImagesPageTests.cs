using System.Text.Json.Nodes;
using Drover.Web.Images;

namespace Drover.Web.Tests.Images;

public sealed class ImagesPageTests : PageTest
{
    [Fact]
    public async Task Page_WithoutImages_SaysHowToMakeOne()
    {
        var page = Render();

        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);

        Assert.Contains("drover image build", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_Image_ShowsWhatOneDecidesBy()
    {
        Cattle.PutSilently(Image("drover", "active", ("machines", new JsonArray("web-1"))));

        var page = Render();

        await UntilAsync(() => page.FindAll("[data-testid=image-drover]").Count == 1);
        Assert.Equal("active", page.Find("[data-testid=image-drover] .state").GetAttribute("data-state"));
        Assert.Contains("1 host", page.Markup, StringComparison.Ordinal);
        Assert.Contains("3 MiB", page.Markup, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-testid=confirm]"));
    }

    [Fact]
    public async Task Page_Fetching_IsReadAgainUntilItIsThere()
    {
        Cattle.PutSilently(Image("debian", "fetching", ("transitioningProgress", 40)));
        var page = Render();
        await UntilAsync(() => page.Markup.Contains("Fetching 40 %", StringComparison.Ordinal));

        Cattle.PutSilently(Image("debian", "active"));

        await UntilAsync(() => page.Markup.Contains("Ready", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Confirm_OfAnUnknownDigest_AsksTheServer()
    {
        Cattle.PutSilently(Image("debian", "unconfirmed", ("transitioningMessage", "The file has the SHA-256 abc."), ("actions", new JsonObject { ["confirm"] = "http://x" })));
        var page = Render();
        await UntilAsync(() => page.FindAll("[data-testid=confirm]").Count == 1);

        page.Find("[data-testid=confirm]").Click();

        await UntilAsync(() => Cattle.Acted.Contains("debian confirm"));
        Assert.Contains("SHA-256 abc", page.Find("[data-testid=message]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_OfWhoMayNotChange_OffersNothing()
    {
        Cattle.MayAddImages = false;
        Cattle.PutSilently(Image("drover", "active"));

        var page = Render();

        await UntilAsync(() => page.FindAll("[data-testid=image-drover]").Count == 1);
        Assert.Empty(page.FindAll("button[data-testid=remove], #add-image"));
    }

    [Fact]
    public async Task Add_RefusedField_IsSaidThere()
    {
        Cattle.Refuse = _ => new JsonObject { ["status"] = 422, ["code"] = "NotUnique", ["fieldName"] = "name", ["detail"] = "There is an image 'debian' already." };
        var dialog = await OpenAsync(AddImageDialog.ShowAsync);
        dialog.Find("#add-image-name").Change("debian");
        dialog.Find("#add-image-url").Change("https://example.org/d.qcow2");

        dialog.Find("form").Submit();

        await UntilAsync(() => dialog.Markup.Contains("There is an image", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Remove_Used_NamesTheUsersAndForces()
    {
        Cattle.PutSilently(Image("drover", "active", ("machines", new JsonArray("web-1"))));
        var dialog = await OpenAsync(dialogs => RemoveImageDialog.ShowAsync(dialogs, new ImageView(new(Image("drover", "active", ("machines", new JsonArray("web-1")))))));
        Assert.Contains("web-1", dialog.Find("[data-testid=used]").TextContent, StringComparison.Ordinal);

        dialog.Find("[data-testid=confirm-remove]").Click();

        await UntilAsync(() => Cattle.Deleted.Contains("drover"));
    }

    private IRenderedComponent<ImagesPage> Render() => Page.Render<ImagesPage>(parameters => parameters.Add(p => p.Environment, "1a5"));

    private static JsonObject Image(string name, string state, params (string Field, JsonNode Value)[] also)
    {
        var image = new JsonObject { ["id"] = name, ["type"] = "hostImage", ["name"] = name, ["state"] = state, ["kind"] = "cloud-bios", ["size"] = 3 << 20 };
        foreach (var (field, value) in also)
        {
            image[field] = value;
        }

        return image;
    }
}
