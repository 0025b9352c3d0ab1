using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>Consoles on their whole road: server, scheduler, LocalMesos, executor, and back by a WebSocket of the executor's.</summary>
public sealed class ConsoleTests
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Serial_OfAMachine_GivesBackWhatIsTyped_AndEndsWithTheMachine()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var (road, id) = await MachineAsync(cluster);

        using var serial = await OpenAsync(road, id, "serial");
        await UntilAsync(serial, "it gives back what you type");
        await serial.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, Token);
        await UntilAsync(serial, "hello");

        using var screen = await OpenAsync(road, id, "graphical");
        await UntilAsync(screen, "RFB 003.008\n");

        await road.RemoveAsync(id, Token);
        Assert.Equal("The machine is being removed.", await EndAsync(serial));
        Assert.Equal("The machine is being removed.", await EndAsync(screen));
        await road.StateAsync(id, ["removed", "purged"], Token);
        await road.ExecutorsAsync(0, Token);
    }

    [Theory]
    [InlineData(Part.Scheduler)]
    [InlineData(Part.Master)]
    [InlineData(Part.Agent)]
    public async Task Console_ThatStands_NeedsNoOtherPart_AndAnotherCanBeOpenedAfterwards(Part part)
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var (road, id) = await MachineAsync(cluster);
        using var before = await OpenAsync(road, id, "serial");
        await UntilAsync(before, "it gives back what you type");
        await cluster.RestartAsync(part, Token);
        await before.SendAsync("still"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, Token);
        await UntilAsync(before, "still");
        using var after = await OpenUntilAsync(road, id, "it gives back what you type");
    }

    [Fact]
    public async Task Console_OfAServerThatStops_Ends_AndAnotherCanBeOpenedAtTheNext()
    {
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), Token);
        var (road, id) = await MachineAsync(cluster);
        using var before = await OpenAsync(road, id, "serial");
        await UntilAsync(before, "it gives back what you type");
        var ended = EndAsync(before);
        await cluster.RestartAsync(Part.Server, Token);
        await ended;
        using var after = await OpenUntilAsync(road, id, "it gives back what you type");
    }

    /// <summary>One machine that is active.</summary>
    private static async Task<(Road Road, string Id)> MachineAsync(TestCluster cluster)
    {
        var road = new Road(cluster);
        var id = await road.CreateAsync("web-1", Token);
        await road.StateAsync(id, ["active"], Token);
        return (road, id);
    }

    /// <summary>Parts that have just started may refuse for a moment: then a person tries again.</summary>
    private static async Task<ClientWebSocket> OpenUntilAsync(Road road, string id, string text)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var pace = new PeriodicTimer(Pace);
        while (true)
        {
            var console = await OpenAsync(road, id, "serial");
            if (await TryAsync(console, text))
            {
                return console;
            }

            console.Dispose();
            await pace.WaitForNextTickAsync(limit.Token);
        }
    }

    private static async Task<ClientWebSocket> OpenAsync(Road road, string id, string kind)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var pace = new PeriodicTimer(Pace);
        while (true)
        {
            try
            {
                var access = await road.Client.ActionAsync("machines", id, "console", new JsonObject { ["kind"] = kind }, Token);
                var socket = new ClientWebSocket();
                await socket.ConnectAsync(new Uri($"{access.Text("url")}?token={access.Text("token")}"), Token);
                return socket;
            }
            catch (Exception e) when (e is Api.Cattle.CattleException { IsTransient: true } or WebSocketException)
            {
                await pace.WaitForNextTickAsync(limit.Token);
            }
        }
    }

    private static async Task UntilAsync(ClientWebSocket console, string text) => Assert.True(await TryAsync(console, text), $"'{text}' never came: {console.CloseStatusDescription}");

    /// <summary>False when it ends before the text has come.</summary>
    private static async Task<bool> TryAsync(ClientWebSocket console, string text)
    {
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var received = await console.ReceiveAsync(buffer.AsMemory(), Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            seen.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
        }

        return true;
    }

    /// <summary>The reason of the farewell; null when the line broke.</summary>
    private static async Task<string?> EndAsync(ClientWebSocket console)
    {
        var buffer = new byte[4096];
        try
        {
            while ((await console.ReceiveAsync(buffer.AsMemory(), Token)).MessageType != WebSocketMessageType.Close)
            {
            }

            return console.CloseStatusDescription;
        }
        catch (WebSocketException)
        {
            return null;
        }
    }
}
