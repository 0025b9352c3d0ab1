using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;

namespace Drover.Server.Tests.Harness;

/// <summary>An agent that registers and opens its link as the real one does, by the test's orders.</summary>
internal sealed class TestAgent : IAsyncDisposable
{
    private readonly TestServer _server;
    private ClientWebSocket? _socket;

    private TestAgent(TestServer server, string accessKey, string secretKey)
    {
        _server = server;
        (AccessKey, SecretKey) = (accessKey, secretKey);
        Client = server.Client("v1", accessKey, secretKey);
    }

    public string AccessKey { get; }

    public string SecretKey { get; }

    public CattleClient Client { get; }

    /// <summary>A token for one machine, as the scheduler asks for it.</summary>
    public static async Task<string> MachineTokenAsync(TestServer server, CattleResource machine)
    {
        var token = await server.Service.CreateAsync("registrationtokens", new JsonObject { ["accountId"] = machine.AccountId, ["physicalHostId"] = machine.Id }, TestServer.Token);
        return token.Text("token")!;
    }

    public static CattleClient Registrar(TestServer server, string token) => server.Client("v1", "registrationToken", token);

    public static async Task<TestAgent> RegisterAsync(TestServer server, string token, string key = "0123456789abcdef0123456789abcdef")
    {
        var client = Registrar(server, token);
        await client.CreateAsync("register", new JsonObject { ["key"] = key }, TestServer.Token);
        var known = (await client.ListAsync("register", [new("key", key)], TestServer.Token))[0];
        return new TestAgent(server, known.Text("accessKey")!, known.Text("secretKey")!);
    }

    /// <summary>An agent that registers by its link; null when the server closed instead.</summary>
    public static async Task<(TestAgent? Agent, string? Host, int? CloseCode)> LinkAsync(TestServer server, string token, string uuid, string? key = "0123456789abcdef0123456789abcdef")
    {
        var agent = new TestAgent(server, "registrationToken", token);
        await agent.ConnectAsync();
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Hello, Protocol = LinkMessage.CurrentProtocol, Version = "1", Key = key, Host = Facts(uuid, uuid) });
        if (await agent.ReceiveAsync() is not { } welcome)
        {
            return (null, null, agent.CloseCode);
        }

        return (new TestAgent(server, welcome.AccessKey!, welcome.SecretKey!) { _socket = agent._socket }, welcome.HostId, null);
    }

    /// <summary>The same agent, at a server that was started again.</summary>
    public static TestAgent At(TestServer server, TestAgent agent) => new(server, agent.AccessKey, agent.SecretKey);

    public static async Task<TestAgent> ForMachineAsync(TestServer server, CattleResource machine)
    {
        var agent = await RegisterAsync(server, await MachineTokenAsync(server, machine));
        await agent.HelloAsync(machine.Text("externalId")!);
        return agent;
    }

    /// <summary>Opens the link and says hello; the host's id, or null when the server closed instead.</summary>
    public async Task<string?> HelloAsync(string uuid, string? machineUuid = null, int protocol = LinkMessage.CurrentProtocol, int? streams = null)
    {
        await ConnectAsync();
        await SendAsync(new LinkMessage { Type = LinkMessage.Hello, Protocol = protocol, Streams = streams, Version = "1", Host = Facts(uuid, machineUuid ?? uuid) });
        return (await ReceiveAsync())?.HostId;
    }

    private async Task ConnectAsync()
    {
        _socket?.Dispose();
        _socket = new ClientWebSocket();
        _socket.Options.SetRequestHeader("Authorization", CattleClient.Basic(AccessKey, SecretKey).ToString());
        await _socket.ConnectAsync(new Uri($"ws://{_server.Address.Authority}/v1/{LinkMessage.Path}"), TestServer.Token);
    }

    public static HostFacts Facts(string uuid, string machineUuid) => new()
    {
        Uuid = uuid,
        PhysicalHostUuid = machineUuid,
        Hostname = "guest",
        Cpus = 2,
        MemoryBytes = 1L << 30,
        DiskBytes = 10L << 30,
        Kernel = "6.1",
        OperatingSystem = "Debian",
        DockerVersion = "24.0",
        Address = "10.0.2.15",
        Labels = new Dictionary<string, string> { ["reported"] = "yes" },
    };

    public Task SendAsync(LinkMessage message) =>
        _socket!.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.LinkMessage), WebSocketMessageType.Text, true, TestServer.Token);

    /// <summary>The next message, or null at the end; then <see cref="CloseCode"/> says why.</summary>
    public async Task<LinkMessage?> ReceiveAsync()
    {
        var buffer = new byte[16 * 1024];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        var received = await _socket!.ReceiveAsync(buffer, patience.Token);
        return received.MessageType == WebSocketMessageType.Close ? null : JsonSerializer.Deserialize(buffer.AsSpan(0, received.Count), AgentJson.Default.LinkMessage);
    }

    public int? CloseCode => (int?)_socket?.CloseStatus;

    /// <summary>From now on the link carries only streams, for a test that is over before the server's first ping.</summary>
    public void ServeStreams(Func<LinkStream, Task> serve) => _ = StreamSocket.RunAsync(_socket!, new LinkStreams(serve), TestServer.Token);

    /// <summary>Breaks the line without a word.</summary>
    public void Drop() => _socket?.Abort();

    public ValueTask DisposeAsync()
    {
        _socket?.Dispose();
        return ValueTask.CompletedTask;
    }
}
