using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Hosts;

/// <summary>Streams of a person into a host: joined with the host's link, and told apart from what may not be reached.</summary>
public class HostStreamsTests
{
    private static readonly StreamTarget s_docker = new() { Kind = StreamTarget.Docker };

    [Fact]
    public async Task Stream_CarriesBytesBothWays_AndEachEnd()
    {
        await using var server = await TestServer.StartAsync();
        await using var agent = await AgentAsync(server, EchoAsync);
        await using var person = await Person.OpenAsync(server.Project, await HostIdAsync(server));

        await Task.WhenAll(Enumerable.Range(1, 20).Select(async number =>
        {
            var sent = RandomNumberGenerator.GetBytes(number * 50_000);
            await using var stream = await person.Streams.OpenAsync(s_docker, TestServer.Token);
            var writing = Task.Run(async () =>
            {
                await stream.WriteAsync(sent, TestServer.Token);
                await stream.EndAsync(TestServer.Token);
            });
            using var heard = new MemoryStream();
            await stream.CopyToAsync(heard, TestServer.Token);
            await writing;
            Assert.Equal(sent, heard.ToArray());
        }));
    }

    [Fact]
    public async Task Stream_ToWhatIsNotListed_IsRefusedBeforeTheAgentHearsOfIt()
    {
        await using var server = await TestServer.StartAsync();
        var asked = 0;
        await using var agent = await AgentAsync(server, stream => { asked += stream.Target.Kind == "files" ? 1 : 0; return EchoAsync(stream); });
        await using var person = await Person.OpenAsync(server.Project, await HostIdAsync(server));

        var refused = await Assert.ThrowsAsync<StreamResetException>(() => person.Streams.OpenAsync(new StreamTarget { Kind = "files" }, TestServer.Token));

        Assert.Equal((StreamFault.Refused, 0), (refused.Fault, asked));
        Assert.Contains("'files'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ThatTheAgentRefuses_SaysWhatTheAgentSays()
    {
        await using var server = await TestServer.StartAsync();
        await using var agent = await AgentAsync(server, stream => throw new IOException("Docker does not answer on this host."));
        await using var person = await Person.OpenAsync(server.Project, await HostIdAsync(server));

        Assert.Equal("Docker does not answer on this host.", (await Assert.ThrowsAsync<StreamResetException>(() => person.Streams.OpenAsync(s_docker, TestServer.Token))).Message);
    }

    [Fact]
    public async Task Link_ThatBreaks_EndsStreamsWithAReason_AndCarriesNewOnesWhenItReturns()
    {
        await using var server = await TestServer.StartAsync();
        await using var agent = await AgentAsync(server, EchoAsync);
        await using var person = await Person.OpenAsync(server.Project, await HostIdAsync(server));
        await using var stream = await person.Streams.OpenAsync(s_docker, TestServer.Token);

        agent.Drop();

        Assert.Contains("link to the host was lost", (await Assert.ThrowsAsync<StreamResetException>(async () => await stream.ReadExactlyAsync(new byte[1], TestServer.Token))).Message, StringComparison.Ordinal);
        Assert.Contains("not connected", (await Assert.ThrowsAsync<StreamResetException>(() => person.Streams.OpenAsync(s_docker, TestServer.Token))).Message, StringComparison.Ordinal);

        await HelloAsync(server, agent, LinkMessage.CurrentStreams);
        agent.ServeStreams(EchoAsync);
        await (await person.Streams.OpenAsync(s_docker, TestServer.Token)).DisposeAsync();
    }

    [Fact]
    public async Task Stream_ToAnOlderAgent_IsRefusedWithTheRemedy()
    {
        await using var server = await TestServer.StartAsync();
        await using var agent = await AgentAsync(server, EchoAsync, streams: null);
        await using var person = await Person.OpenAsync(server.Project, await HostIdAsync(server));

        Assert.Contains("older than this server", (await Assert.ThrowsAsync<StreamResetException>(() => person.Streams.OpenAsync(s_docker, TestServer.Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_AreNotForThoseWhoMayOnlyLook_NorForOtherEnvironments()
    {
        await using var server = await TestServer.StartAsync();
        await using var agent = await AgentAsync(server, EchoAsync);
        var host = await HostIdAsync(server);
        var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);

        Assert.Equal(404, await Person.StatusAsync(server.Admin.ForProject(other.Id), host));
        Assert.Equal(401, await Person.StatusAsync(server.Client("v2-beta", "nobody", "secret"), host));
        Assert.Equal(404, await Person.StatusAsync(agent.Client, host));
        Assert.Equal(404, await Person.StatusAsync(server.Project, "1h999"));
    }

    private static async Task<TestAgent> AgentAsync(TestServer server, Func<LinkStream, Task> serve, int? streams = LinkMessage.CurrentStreams)
    {
        var machine = await server.WaitForStateAsync((await server.MachineAsync("m")).Id, "creating");
        var agent = await TestAgent.RegisterAsync(server, await TestAgent.MachineTokenAsync(server, machine));
        await HelloAsync(server, agent, streams);
        if (streams is not null)
        {
            agent.ServeStreams(serve);
        }

        return agent;
    }

    private static async Task HelloAsync(TestServer server, TestAgent agent, int? streams)
    {
        var machine = (await server.Project.ListAsync("machines", TestServer.Token)).Single();
        Assert.NotNull(await agent.HelloAsync(machine.Text("externalId")!, streams: streams));
    }

    private static async Task<string> HostIdAsync(TestServer server) => (await server.Project.ListAsync("hosts", TestServer.Token)).Single().Id;

    private static async Task EchoAsync(LinkStream stream)
    {
        stream.Accept();
        await stream.CopyToAsync(stream, TestServer.Token);
        await stream.EndAsync(TestServer.Token);
    }

    /// <summary>The client's side.</summary>
    private sealed class Person(ClientWebSocket socket, LinkStreams streams, Task running) : IAsyncDisposable
    {
        public LinkStreams Streams => streams;

        public static async Task<Person> OpenAsync(CattleClient client, string host)
        {
            var socket = new ClientWebSocket();
            await ConnectAsync(socket, client, host);
            var streams = new LinkStreams();
            return new Person(socket, streams, StreamSocket.RunAsync(socket, streams, TestServer.Token));
        }

        /// <summary>With which status the server refuses.</summary>
        public static async Task<int> StatusAsync(CattleClient client, string host)
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(socket, client, host));
            return (int)socket.HttpStatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", TestServer.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await running;
            socket.Dispose();
        }

        private static Task ConnectAsync(ClientWebSocket socket, CattleClient client, string host)
        {
            socket.Options.SetRequestHeader("Authorization", client.Authorization!.ToString());
            socket.Options.AddSubProtocol(StreamSocket.Protocol);
            return socket.ConnectAsync(new UriBuilder(client.Url($"hosts/{host}/streams")) { Scheme = "ws" }.Uri, TestServer.Token);
        }
    }
}
