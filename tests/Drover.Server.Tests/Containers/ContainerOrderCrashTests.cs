using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Containers;

/// <summary>A server that dies while a container is being made: the next one goes on, and makes it once.</summary>
public sealed class ContainerOrderCrashTests
{
    /// <summary>The answer of each step is lost with the server; the first one dies before it has begun.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("/images/create")]
    [InlineData("/containers/create")]
    [InlineData("/start")]
    public async Task Order_GoesOnAfterACrash_AndIsMadeOnce(string? lost)
    {
        var directory = await TemplateData.CopyAsync();
        await using var docker = await FakeDocker.StartAsync();
        try
        {
            string id;
            TestAgent agent;
            await using (var first = await TestServer.StartAsync(directory: directory))
            {
                var machine = await first.WaitForStateAsync((await first.MachineAsync("m")).Id, "creating");
                agent = await TestAgent.RegisterAsync(first, await TestAgent.MachineTokenAsync(first, machine));
                await ContainerHost.LinkAsync(first, agent, docker);
                await ContainerHost.EventuallyAsync(() => Task.FromResult(docker.Lists > 0), "the inventory");
                if (lost is null)
                {
                    agent.Drop();
                    await TestServer.WaitAsync(first.Project, "hosts", (await first.Project.ListAsync("hosts", TestServer.Token)).Single().Id, h => h.Text("agentState") == "reconnecting", "the link is away");
                }

                docker.HoldAnswersOf = lost;
                var host = (await first.Project.ListAsync("hosts", TestServer.Token)).Single();
                var asked = await first.Project.CreateAsync("containers", new JsonObject { ["name"] = "web", ["imageUuid"] = "docker:nginx:1.27", ["requestedHostId"] = host.Id }, TestServer.Token);
                id = asked.Id;
                await ContainerHost.EventuallyAsync(() => Task.FromResult(lost is null || docker.Asked.Any(a => a.EndsWith(lost, StringComparison.Ordinal))), $"the step {lost}");
                await agent.DisposeAsync();
            }

            docker.HoldAnswersOf = null;
            await using var second = await TestServer.StartAsync(directory: directory);
            Assert.Equal(("creating", "Waits for its host to be connected"), Told((await second.Project.GetAsync("containers", id, TestServer.Token))!));
            await using var again = TestAgent.At(second, agent);
            await ContainerHost.LinkAsync(second, again, docker);

            await TestServer.WaitAsync(second.Project, "containers", id, c => c.State == "running", "running");
            Assert.Single(docker.Containers);
            Assert.Single(await second.Project.ListAsync("containers", TestServer.Token));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Host_ThatIsRemoved_TakesItsOrdersAlong()
    {
        await using var docker = await FakeDocker.StartAsync();
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var ending = agent;
        await using var ended = scheduler;
        await ContainerHost.LinkAsync(server, agent, docker);
        await ContainerHost.EventuallyAsync(() => Task.FromResult(docker.Lists > 0), "the inventory");
        docker.HoldAnswersOf = "/images/create";
        var asked = await server.Project.CreateAsync("containers", new JsonObject { ["imageUuid"] = "docker:nginx:1.27" }, TestServer.Token);

        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        await scheduler.ReplyAsync(await scheduler.NextAsync(), CattleReply.Done());

        await TestServer.WaitAsync(server.Project, "containers", asked.Id, c => c.State == "removed", "removed");
        Assert.Empty(await server.Project.ListAsync("containers", TestServer.Token));
        await using var db = server.OpenDatabase();
        Assert.Empty(db.ContainerOrders);
        docker.HoldAnswersOf = null;
    }

    private static (string?, string?) Told(CattleResource container) => (container.State, container.Text("transitioningMessage"));
}
