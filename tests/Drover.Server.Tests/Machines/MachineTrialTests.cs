using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Machines;

public sealed class MachineTrialTests
{
    [Theory]
    [InlineData("""{}""", "mesosConfig")]
    [InlineData("""{"mesosConfig":{"memory":"much"}}""", "mesosConfig.memory")]
    [InlineData("""{"mesosConfig":{"colour":"red"}}""", "mesosConfig.colour")]
    [InlineData("""{"mesosConfig":{},"count":0}""", "count")]
    public async Task Trial_OfSomethingWrong_NamesTheField(string body, string field)
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(() => server.Project.CreateAsync("machineTrials", JsonNode.Parse(body)!.AsObject(), TestServer.Token));
        Assert.Equal((422, field), (error.Status, error.FieldName));
    }

    [Fact]
    public async Task Trial_WithoutAScheduler_IsUnavailable()
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(() => server.Project.CreateAsync("machineTrials", new JsonObject { ["mesosConfig"] = new JsonObject() }, TestServer.Token));
        Assert.Equal(503, error.Status);
    }

    [Fact]
    public async Task Trial_AsksTheScheduler_AndGivesItsAnswer()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server, processes: ["physicalhost.trial"]);
        var asking = server.Project.CreateAsync("machineTrials", new JsonObject { ["mesosConfig"] = new JsonObject { ["memory"] = "2048" }, ["count"] = 3 }, TestServer.Token);
        var question = await scheduler.NextAsync();
        Assert.Equal(("2GiB", 3), ((string?)question.Data!["mesosConfig"]!["memory"], (int)question.Data["count"]!));
        Assert.Equal("1a5", (string?)question.Data["accountId"]);
        await scheduler.ReplyAsync(question, CattleReply.Done(new JsonObject { ["trial"] = new JsonObject { ["fits"] = 2, ["message"] = "2 of 3 fit now." } }));
        var trial = await asking;
        Assert.Equal(("machineTrial", 2, "2 of 3 fit now.", 3), (trial.Type, (int)trial.Json["fits"]!, trial.Text("message"), (int)trial.Json["count"]!));
        Assert.Empty(await server.Project.ListAsync("machines", TestServer.Token));
    }
}
