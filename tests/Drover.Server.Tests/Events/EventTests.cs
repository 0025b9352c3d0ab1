using System.Text.Json.Nodes;
using Drover.Server.Events;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Events;

/// <summary>cattle-api §2.</summary>
public class EventTests
{
    [Fact]
    public async Task Subscriber_AtOnceAndEveryFiveSeconds_GetsAPing()
    {
        await using var server = await TestServer.StartAsync();
        await using var events = await EventReader.OpenAsync(server.Project, "resource.change");
        var ping = await events.FirstPing;
        Assert.Null(ping.ReplyTo);
        Assert.Equal("""{"options":{},"resources":[]}""", ping.Data!.ToJsonString());
        for (var expected = 2; expected < 5; expected++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(5));
            await events.UntilPingsAsync(expected);
            Assert.Equal(expected, events.Pings);
        }
    }

    [Fact]
    public async Task Event_OnTheWire_HasNothingThatBreaksGoClients()
    {
        await using var server = await TestServer.StartAsync();
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        var json = (await scheduler.NextAsync()).Json;
        foreach (var field in new[] { "previousIds", "previousNames", "transitioningProgress", "publisher", "transitioning" })
        {
            Assert.True(json.ContainsKey(field) && json[field] is null, field);
        }

        Assert.Equal((machine.Id, "physicalHost", "{}"), ((string?)json["resourceId"], (string?)json["resourceType"], json["data"]!.ToJsonString()));
        Assert.StartsWith("reply.", (string?)json["replyTo"], StringComparison.Ordinal);
        Assert.Equal(TestServer.Noon.ToUnixTimeMilliseconds(), (long)json["time"]!);
        Assert.Equal("physicalhost.create", (string?)json["context"]!["processName"]);
        Assert.Equal("1", (string?)json["context"]!["processId"]);
    }

    [Fact]
    public async Task Change_MoreThanTenWithinASecond_ComeTenAtOnceThenTheLast()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        await TestServer.WaitAsync(server.Project, "machines", machine.Id, m => m.TransitioningMessage?.StartsWith("no scheduler", StringComparison.Ordinal) == true, "waiting");
        await using var events = await EventReader.OpenAsync(server.Project, "resource.change");
        Task<Drover.Api.Cattle.CattleResource> DescribeAsync(string text) => server.Project.UpdateAsync("machines", machine.Id, new JsonObject { ["description"] = text }, TestServer.Token);

        // What was changed before the subscription may still be on its way: let it pass.
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await DescribeAsync("zero");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await events.UntilAsync(e => e.Resource!.Text("description") == "zero");
        server.Time.Advance(TimeSpan.FromSeconds(2));
        await DescribeAsync("one");
        var first = await events.NextAsync();
        Assert.Equal(("machine", machine.Id, "one"), (first.ResourceType, first.ResourceId, first.Resource!.Text("description")));
        Assert.Equal(new Uri(server.Address, $"/v1/projects/1a5/machines/{machine.Id}").AbsoluteUri, first.Resource.Link("self"));
        for (var i = 2; i <= 10; i++)
        {
            await DescribeAsync($"{i}");
            Assert.Equal($"{i}", (await events.NextAsync()).Resource!.Text("description"));
        }

        await DescribeAsync("one more");
        await DescribeAsync("the last");
        Assert.False(events.HasEvent);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the last", (await events.NextAsync()).Resource!.Text("description"));
        Assert.False(events.HasEvent);
    }

    [Fact]
    public async Task Change_OfAnotherResource_IsNotHeldBack()
    {
        await using var server = await TestServer.StartAsync();
        await using var events = await EventReader.OpenAsync(server.Project, "resource.change");
        var key = await server.Project.CreateAsync("apikeys", new JsonObject { ["name"] = "k" }, TestServer.Token);
        var change = await events.UntilAsync(e => e.ResourceId == key.Id);
        Assert.Equal("apiKey", change.ResourceType);
        Assert.Null(change.Resource!.Text("secretValue"));
        var machine = await server.MachineAsync("m");
        await events.UntilAsync(e => e.ResourceId == machine.Id);
    }

    [Fact]
    public async Task Subscribe_OfAnEnvironment_IsBoundToItsAccountWhateverItAsks()
    {
        await using var server = await TestServer.StartAsync();
        var key = await server.EnvironmentKeyAsync(server.ProjectId);
        await using var events = await EventReader.OpenAsync(key, "physicalhost.create;handler=droverMesos", "resource.change;account=1");
        await using var scheduler = await ScriptedHandler.StartAsync(server);
        var machine = await server.MachineAsync("m");
        await scheduler.NextAsync();
        await events.UntilAsync(e => e.ResourceId == machine.Id);
        Assert.All(events.Seen, e => Assert.Equal(("resource.change", server.ProjectId), (e.Name, e.Resource!.AccountId)));
    }

    [Fact]
    public async Task Subscribe_WithoutAnEnvironment_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(async () => await EventReader.OpenAsync(server.Admin, "resource.change"));
        Assert.Equal("SubscribeFailed", error.Code);
        Assert.Equal(404, (int)(await server.RawAsync(HttpMethod.Get, "/v1/subscribe?eventNames=x", with: r => r.Headers.Authorization = server.Admin.Authorization)).Status);
        var (status, body, _) = await server.RawAsync(HttpMethod.Get, "/v1/projects/1a5/subscribe?eventNames=x", with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal((400, "UpgradeRequired"), ((int)status, (string?)body["code"]));
    }

    [Fact]
    public async Task Subscriber_ThatDoesNotRead_IsDropped()
    {
        var hub = new EventHub();
        var subscription = new Subscription(["a"], Server.Identity.Caller.Nobody, new Server.Api.Output.OutputContext("", true, Server.Api.Registry.Roles.Service));
        hub.Add(subscription);
        for (var i = 0; i <= Subscription.QueueLength; i++)
        {
            hub.Publish(new EventMessage { Id = $"{i}", Name = "a", Time = TestServer.Noon });
        }

        for (var i = 0; i < Subscription.QueueLength; i++)
        {
            Assert.True(subscription.Queue.TryRead(out _));
        }

        await Assert.ThrowsAsync<SlowReaderException>(async () => await subscription.Queue.WaitToReadAsync(TestServer.Token));
    }

    [Theory]
    [InlineData("a.b", "a.b", true)]
    [InlineData("a.b", "a.b;handler=x", false)]
    [InlineData("a.*", "a.b;handler=x", true)]
    [InlineData("*", "anything", true)]
    [InlineData("a*c*e", "abcde", true)]
    [InlineData("a*c*e", "abde", false)]
    [InlineData("ab*b", "ab", false)]
    [InlineData("*;handler=x", "physicalhost.create;handler=x", true)]
    public void Pattern_OnAName_MatchesAsWritten(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new Subscription([pattern], Server.Identity.Caller.Nobody, new Server.Api.Output.OutputContext("", true, Server.Api.Registry.Roles.Service)).Wants(name));

    [Fact]
    public async Task Publish_AnswersWithTheSameObjectAnd201()
    {
        await using var server = await TestServer.StartAsync();
        var (status, body, _) = await server.RawAsync(HttpMethod.Post, "/v1/publish", """{"name":"reply.1","id":"x","previousIds":["y"],"links":null,"actions":null,"data":{"a":1},"transitioningProgress":"","time":5}""", r => r.Headers.Authorization = server.Service.Authorization);
        Assert.Equal((201, "reply.1", "x", "y", 1), ((int)status, (string?)body["name"], (string?)body["id"], (string?)body["previousIds"]![0], (int)body["data"]!["a"]!));
    }

    [Fact]
    public async Task Subscriber_WhenTheServerStops_IsLetGo()
    {
        var server = await TestServer.StartAsync();
        await using var events = await EventReader.OpenAsync(server.Project, "resource.change");
        await server.DisposeAsync();
        await events.Ended.WaitAsync(TestServer.Patience, TestServer.Token);
    }
}
