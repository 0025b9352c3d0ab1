using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Containers;

/// <summary>A server with one host, whose Docker is the test's.</summary>
internal sealed class ContainerHost(FakeDocker docker, TestServer server, TestAgent agent) : IAsyncDisposable
{
    public FakeDocker Docker => docker;

    public TestServer Server => server;

    public TestAgent Agent => agent;

    public CattleClient Project => server.Project;

    public static async Task<ContainerHost> StartAsync(string? directory = null, Action<string>? reached = null)
    {
        var (docker, server) = (await FakeDocker.StartAsync(), await TestServer.StartAsync(d => TestServer.TestOptions(d) with { Reached = reached }, directory));
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var host = new ContainerHost(docker, server, await TestAgent.RegisterAsync(server, await TestAgent.MachineTokenAsync(server, machine)));
        await host.LinkAsync();
        return host;
    }

    /// <summary>The host's link, with its Docker behind it; returns once the inventory has read it.</summary>
    public async Task LinkAsync()
    {
        var lists = docker.Lists;
        await LinkAsync(server, agent, docker);
        await EventuallyAsync(() => Task.FromResult(docker.Lists > lists), "the inventory");
    }

    public static async Task LinkAsync(TestServer server, TestAgent agent, FakeDocker docker)
    {
        var machine = (await server.Project.ListAsync("machines", TestServer.Token)).Single();
        Assert.NotNull(await agent.HelloAsync(machine.Text("externalId")!, streams: LinkMessage.CurrentStreams));
        agent.ServeStreams(docker.ServeAsync);
    }

    public async Task<CattleResource> ContainerAsync(string name)
    {
        CattleResource? found = null;
        await EventuallyAsync(async () => (found = (await Project.ListAsync("containers", TestServer.Token)).FirstOrDefault(c => c.Name == name)) is not null, name);
        return found!;
    }

    public Task<CattleResource> StateAsync(string id, string state) => TestServer.WaitAsync(Project, "containers", id, c => c.State == state, state);

    public static async Task EventuallyAsync(Func<Task<bool>> isSo, string what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        while (!await isSo())
        {
            if (patience.IsCancellationRequested)
            {
                Assert.Fail($"It did not come to: {what}");
            }

            await Task.Delay(20, TestServer.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        docker.HoldAnswersOf = null;
        await agent.DisposeAsync();
        await server.DisposeAsync();
        await docker.DisposeAsync();
    }
}
