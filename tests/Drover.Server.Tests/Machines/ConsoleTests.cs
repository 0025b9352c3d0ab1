using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Consoles;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Machines;

/// <summary>The way from a person's WebSocket to the one that a machine's executor dials.</summary>
public class ConsoleTests
{
    private static readonly string[] Processes = [.. ScriptedHandler.MachineProcesses, "physicalhost.stream"];

    [Fact]
    public async Task Console_WithItsToken_JoinsPersonAndMachine_UntilOneEnds()
    {
        await using var lab = await Lab.StartAsync();
        var access = await lab.AskAsync(lab.Server.Project, "serial");
        Assert.Equal("hostAccess", access.Text("type"));
        using var person = await Lab.OpenAsync(access);
        var asked = await lab.Handler.NextAsync();
        Assert.Equal(("physicalhost.stream", lab.Machine.Id, "serial"), (asked.BaseName, asked.ResourceId, (string?)asked.Data!["kind"]));
        using var machine = await lab.DialAsync(asked);

        await SendAsync(person, "ls\n");
        Assert.Equal("ls\n", await ReceiveAsync(machine));
        await SendAsync(machine, "bin etc\n");
        Assert.Equal("bin etc\n", await ReceiveAsync(person));

        await machine.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "The machine closed its console.", TestServer.Token);
        Assert.Equal((WebSocketCloseStatus.NormalClosure, "The machine closed its console."), await EndAsync(person));
        await EndAsync(machine);
        await lab.Handler.ReplyAsync(asked, CattleReply.Done());
    }

    [Fact]
    public async Task Console_ThatThePersonLeaves_EndsAtTheMachine()
    {
        await using var lab = await Lab.StartAsync();
        using var person = await Lab.OpenAsync(await lab.AskAsync(lab.Server.Project));
        using var machine = await lab.DialAsync(await lab.Handler.NextAsync());
        person.Abort();
        await EndAsync(machine);
    }

    [Fact]
    public async Task Console_ThatTheHandlerRefuses_ClosesWithTheCause()
    {
        await using var lab = await Lab.StartAsync();
        using var person = await Lab.OpenAsync(await lab.AskAsync(lab.Server.Project));
        await lab.Handler.ReplyAsync(await lab.Handler.NextAsync(), CattleReply.Failed("This machine has no screen."));
        Assert.Equal(((WebSocketCloseStatus)ConsoleJoin.CloseRefused, "This machine has no screen."), await EndAsync(person));
    }

    [Fact]
    public async Task Console_WithoutAHandler_ClosesWithTheCause()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("web-1");
        await using var _ = agent;
        await using var __ = scheduler;
        using var person = await Lab.OpenAsync(await server.Project.ActionAsync("machines", machine.Id, "console", [], TestServer.Token));
        var (code, reason) = await EndAsync(person);
        Assert.Equal((WebSocketCloseStatus)ConsoleJoin.CloseRefused, code);
        Assert.Contains("no scheduler is connected", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_IsGoodOnce_AndForThirtySeconds()
    {
        await using var lab = await Lab.StartAsync();
        var used = await lab.AskAsync(lab.Server.Project);
        using var person = await Lab.OpenAsync(used);
        await lab.Handler.NextAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await Lab.RefusedAsync(used));

        var old = await lab.AskAsync(lab.Server.Project);
        var wrong = new CattleResource(new JsonObject { ["url"] = old.Text("url"), ["token"] = used.Text("token") });
        Assert.Equal(HttpStatusCode.Unauthorized, await Lab.RefusedAsync(wrong));
        lab.Server.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.Unauthorized, await Lab.RefusedAsync(old));
    }

    [Fact]
    public async Task MachinesEnd_WithThePersonsToken_OrUnasked_IsRefused()
    {
        await using var lab = await Lab.StartAsync();
        var access = await lab.AskAsync(lab.Server.Project);
        var end = new CattleResource(new JsonObject { ["url"] = access.Text("url") + "/machine", ["token"] = access.Text("token") });
        Assert.Equal(HttpStatusCode.Unauthorized, await Lab.RefusedAsync(end));
        using var person = await Lab.OpenAsync(access);
        await lab.Handler.NextAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await Lab.RefusedAsync(end));
    }

    [Fact]
    public async Task Console_ForWhoMayOnlyLook_OrIsElsewhere_IsRefused()
    {
        await using var lab = await Lab.StartAsync();
        var (reader, _) = await lab.Server.UserAsync("reader", "readonly");
        Assert.Equal(403, (await TestServer.RefusedAsync(() => lab.AskAsync(reader.ForProject(lab.Server.ProjectId)))).Status);
        var other = await lab.Server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);
        Assert.Equal(404, (await TestServer.RefusedAsync(() => lab.AskAsync(lab.Server.Admin.ForProject(other.Id)))).Status);
        Assert.Equal((422, "kind"), await Field(lab.AskAsync(lab.Server.Project, "telepathic")));

        static async Task<(int, string?)> Field(Task call)
        {
            var refused = await TestServer.RefusedAsync(() => call);
            return (refused.Status, refused.FieldName);
        }
    }

    [Fact]
    public async Task Consoles_BeyondTheMost_AreRefused_UntilOneIsUnusedForTooLong()
    {
        await using var lab = await Lab.StartAsync();
        for (var i = 0; i < ConsoleTickets.MostPerMachine; i++)
        {
            await lab.AskAsync(lab.Server.Project);
        }

        Assert.Equal(422, (await TestServer.RefusedAsync(() => lab.AskAsync(lab.Server.Project))).Status);
        lab.Server.Time.Advance(TimeSpan.FromSeconds(31));
        await lab.AskAsync(lab.Server.Project);
    }

    [Theory]
    [InlineData("short", "short")]
    [InlineData("", "")]
    public void Reason_ThatFits_StaysAsItIs(string reason, string expected) => Assert.Equal(expected, Drover.Api.CloseReason.Fit(reason));

    [Fact]
    public void Reason_ThatIsTooLong_IsCutToWhatACloseFrameHolds() => Assert.InRange(Encoding.UTF8.GetByteCount(Drover.Api.CloseReason.Fit(new string('ä', 400))), 100, 123);

    private static async Task SendAsync(WebSocket socket, string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Binary, endOfMessage: true, TestServer.Token);

    private static async Task<string> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), TestServer.Token);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    /// <summary>How the server ended it.</summary>
    private static async Task<(WebSocketCloseStatus? Code, string? Reason)> EndAsync(WebSocket socket)
    {
        var buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), TestServer.Token)).MessageType != WebSocketMessageType.Close)
        {
        }

        return (socket.CloseStatus, socket.CloseStatusDescription);
    }

    private sealed class Lab : IAsyncDisposable
    {
        private Lab(TestServer server, CattleResource machine, TestAgent agent, ScriptedHandler handler) => (Server, Machine, Agent, Handler) = (server, machine, agent, handler);

        public TestServer Server { get; }

        public CattleResource Machine { get; }

        public TestAgent Agent { get; }

        public ScriptedHandler Handler { get; }

        public static async Task<Lab> StartAsync()
        {
            var server = await TestServer.StartAsync();
            var handler = await ScriptedHandler.StartAsync(server, processes: Processes);
            var (machine, agent) = await server.ActiveMachineAsync("web-1", handler);
            return new Lab(server, machine, agent, handler);
        }

        public Task<CattleResource> AskAsync(CattleClient client, string? kind = null) =>
            client.ActionAsync("machines", Machine.Id, "console", kind is null ? [] : new JsonObject { ["kind"] = kind }, TestServer.Token);

        public static async Task<ClientWebSocket> OpenAsync(CattleResource access)
        {
            var socket = new ClientWebSocket();
            await socket.ConnectAsync(new Uri($"{access.Text("url")}?token={access.Text("token")}"), TestServer.Token);
            return socket;
        }

        public static async Task<HttpStatusCode> RefusedAsync(CattleResource access)
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"{access.Text("url")}?token={access.Text("token")}"), TestServer.Token));
            return socket.HttpStatusCode;
        }

        /// <summary>The machine's end, as an executor opens it.</summary>
        public async Task<ClientWebSocket> DialAsync(CattleEvent asked)
        {
            var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Authorization", $"Bearer {(string?)asked.Data!["secret"]}");
            await socket.ConnectAsync(new Uri($"ws://{Server.Address.Authority}/v1/{(string?)asked.Data["path"]}"), TestServer.Token);
            return socket;
        }

        public async ValueTask DisposeAsync()
        {
            await Agent.DisposeAsync();
            await Handler.DisposeAsync();
            await Server.DisposeAsync();
        }
    }
}
