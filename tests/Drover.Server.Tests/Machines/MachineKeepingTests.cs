using System.Text.Json.Nodes;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Machines;

/// <summary>Protection against removal, and removal by date.</summary>
public class MachineKeepingTests
{
    [Fact]
    public async Task Remove_OfAProtectedMachine_IsRefusedWithASentenceUntilItIsUnprotected()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("web", new JsonObject { ["protected"] = true });
        Assert.True((bool?)machine.Json["protected"]);
        foreach (var remove in new Func<Task>[]
        {
            () => server.Project.DeleteAsync("machines", machine.Id, TestServer.Token),
            () => server.Project.ActionAsync("machines", machine.Id, "remove", [], TestServer.Token),
            () => server.Admin.DeleteAsync("projects", server.ProjectId, TestServer.Token),
        })
        {
            var error = await TestServer.RefusedAsync(remove);
            Assert.Equal((409, "Protected", "protected"), (error.Status, error.Code, error.FieldName));
            Assert.Contains("'web' is protected", error.Detail!, StringComparison.Ordinal);
        }

        await UpdateAsync(server, machine.Id, new JsonObject { ["protected"] = false });
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await server.WaitForStateAsync(machine.Id, "removed");
    }

    [Fact]
    public async Task Remove_OfTheHostOfAProtectedMachine_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("web");
        await using var one = agent;
        await using var two = scheduler;
        await UpdateAsync(server, machine.Id, new JsonObject { ["protected"] = true });
        await server.Project.ActionAsync("hosts", machine.Text("hostId")!, "deactivate", [], TestServer.Token);
        var error = await TestServer.RefusedAsync(() => server.Project.DeleteAsync("hosts", machine.Text("hostId")!, TestServer.Token));
        Assert.Equal((409, "Protected"), (error.Status, error.Code));
        Assert.Equal("active", (await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.State);
    }

    [Fact]
    public async Task DeleteAfter_WhenTheTimeHasCome_RemovesTheMachine()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("job", new JsonObject { ["deleteAfter"] = "2h" });
        Assert.Equal("2026-03-01T14:00:00Z", machine.Text("deleteAt"));
        Assert.Equal(TestServer.Noon.AddHours(2).ToUnixTimeMilliseconds(), (long?)machine.Json["deleteAtTS"]);
        server.Time.Advance(TimeSpan.FromMinutes(119));
        Assert.Null((await server.Project.GetAsync("machines", machine.Id, TestServer.Token))!.Text("removed"));
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await server.WaitForStateAsync(machine.Id, "removed");
    }

    [Fact]
    public async Task DeleteAt_AfterARestartOfTheServer_StillCounts()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            string id;
            await using (var first = await TestServer.StartAsync(directory: directory))
            {
                id = (await first.MachineAsync("job", new JsonObject { ["deleteAt"] = "2026-03-01T18:00:00+02:00" })).Id;
            }

            var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TestServer.Noon.AddHours(5));
            await using var second = await TestServer.StartAsync(directory: directory, time: clock);
            await second.WaitForStateAsync(id, "removed");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task DeleteAt_Cleared_KeepsTheMachine()
    {
        await using var server = await TestServer.StartAsync();
        var kept = await server.MachineAsync("kept", new JsonObject { ["deleteAfter"] = "1h" });
        var last = await server.MachineAsync("last", new JsonObject { ["deleteAfter"] = "2h" });
        kept = await UpdateAsync(server, kept.Id, new JsonObject { ["deleteAt"] = null });
        Assert.Null(kept.Text("deleteAt"));
        server.Time.Advance(TimeSpan.FromHours(3));
        await server.WaitForStateAsync(last.Id, "removed");
        Assert.Equal("requested", State(await server.Project.GetAsync("machines", kept.Id, TestServer.Token)));
    }

    [Fact]
    public async Task DeleteAt_ThatPassedWhileProtected_IsDroppedWithTheProtection()
    {
        await using var server = await TestServer.StartAsync();
        var kept = await server.MachineAsync("kept", new JsonObject { ["protected"] = true, ["deleteAfter"] = "1h" });
        var last = await server.MachineAsync("last", new JsonObject { ["deleteAfter"] = "2h" });
        server.Time.Advance(TimeSpan.FromHours(3));
        await server.WaitForStateAsync(last.Id, "removed");
        Assert.NotNull((await server.Project.GetAsync("machines", kept.Id, TestServer.Token))!.Text("deleteAt"));
        kept = await UpdateAsync(server, kept.Id, new JsonObject { ["protected"] = false });
        Assert.Null(kept.Text("deleteAt"));
        Assert.Null(kept.Text("removed"));
    }

    [Theory]
    [InlineData("""{"deleteAfter":"soon"}""", "InvalidFormat", "deleteAfter")]
    [InlineData("""{"deleteAfter":"0h"}""", "MinLimitExceeded", "deleteAfter")]
    [InlineData("""{"deleteAfter":"99999d"}""", "MaxLimitExceeded", "deleteAfter")]
    [InlineData("""{"deleteAfter":"-1h"}""", "InvalidFormat", "deleteAfter")]
    [InlineData("""{"deleteAt":"tomorrow"}""", "InvalidDateFormat", "deleteAt")]
    [InlineData("""{"deleteAt":"2020-01-01T00:00:00Z"}""", "InvalidOption", "deleteAt")]
    [InlineData("""{"protected":"perhaps"}""", "InvalidFormat", "protected")]
    public async Task WrongValue_InCreateAndUpdate_IsNamed(string wrong, string code, string field)
    {
        await using var server = await TestServer.StartAsync();
        var body = (JsonObject)JsonNode.Parse(wrong)!;
        var machine = await server.MachineAsync("m");
        foreach (var call in new Func<Task>[] { () => server.MachineAsync("n", body), () => UpdateAsync(server, machine.Id, body) })
        {
            var error = await TestServer.RefusedAsync(call);
            Assert.Equal((422, code, field), (error.Status, error.Code, error.FieldName));
        }
    }

    private static string? State(Drover.Api.Cattle.CattleResource? machine) => machine?.State is "creating" ? "requested" : machine?.State;

    private static Task<Drover.Api.Cattle.CattleResource> UpdateAsync(TestServer server, string id, JsonObject body) =>
        server.Project.UpdateAsync("machines", id, body, TestServer.Token);
}
