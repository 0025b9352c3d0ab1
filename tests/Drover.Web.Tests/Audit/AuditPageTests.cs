using System.Text.Json.Nodes;
using Drover.Web.Audit;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Audit;

public sealed class AuditPageTests : PageTest
{
    [Fact]
    public async Task Page_Entries_AreNewestFirstAndFiltered()
    {
        Put(1, "api.machine.create", "web-1");
        Put(2, "api.machine.remove", "old-1");
        var page = Page.Render<AuditPage>(p => p.Add(c => c.Environment, "1a5"));
        await UntilAsync(() => page.FindAll("tbody tr").Count == 2);
        Assert.Equal(["api.machine.remove", "api.machine.create"], page.FindAll("tbody code").Select(c => c.TextContent));

        page.Find("[data-testid=filter]").Input("create web");
        await UntilAsync(() => page.FindAll("tbody code").SingleOrDefault()?.TextContent == "api.machine.create");
        page.Find("[data-testid=filter]").Input("nobody");
        await UntilAsync(() => page.FindAll("[data-testid=empty]").Count == 1);
    }

    private void Put(int number, string what, string says) => Cattle.PutSilently(new JsonObject
    {
        ["id"] = $"1al{number:0000}", ["type"] = "auditLog", ["eventType"] = what, ["description"] = says, ["created"] = Some.Wire(Some.Now), ["authenticatedAsAccountId"] = "1a1", ["clientIp"] = "10.0.0.7", ["resourceType"] = "machine", ["resourceId"] = number,
    });
}
