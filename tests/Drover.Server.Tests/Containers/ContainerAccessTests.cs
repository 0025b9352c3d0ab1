using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Containers;

/// <summary>Streams that an action gives a token for: logs, exec, statistics.</summary>
public sealed class ContainerAccessTests : IAsyncLifetime
{
    private ContainerHost _host = null!;
    private CattleResource _web = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ContainerHost.StartAsync();
        _host.Docker.Add("web", "running");
        _web = await _host.ContainerAsync("web");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Logs_AreLinesWithTheirStream_AndTheEndSaysHowItEnded()
    {
        _host.Docker.Log.AddRange([(1, "one\ntw"u8.ToArray()), (2, "oops\r\n"u8.ToArray()), (1, "o\nrest"u8.ToArray())]);
        using var socket = await OpenAsync("logs", new JsonObject { ["follow"] = true, ["lines"] = 0, ["since"] = "10m" });

        var (lines, reason) = await ReadAsync(socket);

        Assert.Equal(["01 one", "02 oops", "01 two", "01 rest"], lines);
        Assert.Equal("The container exited with 7.", reason);
        Assert.Contains("tail=all", _host.Docker.LastLogQuery, StringComparison.Ordinal);
        Assert.Contains($"since={TestServer.Noon.AddMinutes(-10).ToUnixTimeSeconds()}", _host.Docker.LastLogQuery, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_Together_AreTheSameLines_AndRubbishAndLongLinesComeThrough()
    {
        var longLine = new string('x', 100_000) + "ü";
        _host.Docker.Log.AddRange([(1, Encoding.UTF8.GetBytes(longLine + "\n")), (1, [0xFF, 0x00, 0x01, (byte)'\n'])]);
        using var socket = await OpenAsync("logs", [], "lines");

        var (messages, _) = await ReadAsync(socket);

        var lines = messages.SelectMany(m => m.Split('\n')).ToList();
        Assert.Equal("lines", socket.SubProtocol);
        Assert.Equal(longLine, string.Concat(lines.SkipLast(1).Select(l => l[3..])));
        Assert.All(lines, line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 1, (64 * 1024) + 3));
        Assert.Equal("01 \uFFFD\0\u0001", lines[^1]);
    }

    [Fact]
    public async Task Logs_OfATerminal_AreOneStream()
    {
        _host.Docker.HasTty = true;
        _host.Docker.Log.Add((1, "\u001b[31mred\u001b[0m\r\n"u8.ToArray()));
        using var socket = await OpenAsync("logs", []);

        Assert.Equal(["00 \u001b[31mred\u001b[0m"], (await ReadAsync(socket)).Lines);
    }

    [Fact]
    public async Task Exec_InChannels_TellsErrorsFromOutput_AndTheExitCode()
    {
        using var socket = await OpenAsync("execute", new JsonObject { ["command"] = new JsonArray("sh"), ["tty"] = false }, "v5.channel.k8s.io");
        await socket.SendAsync("\0hello"u8.ToArray(), WebSocketMessageType.Binary, true, TestServer.Token);

        Assert.Equal("\u0001HELLO", await ReceiveAsync(socket));
        Assert.Equal("\u0002heard", await ReceiveAsync(socket));
        await socket.SendAsync(Encoding.UTF8.GetBytes("\u0004{\"Width\":100,\"Height\":30}"), WebSocketMessageType.Binary, true, TestServer.Token);
        await ContainerHost.EventuallyAsync(() => Task.FromResult(_host.Docker.Sizes.Contains((100, 30))), "the size");
        await socket.SendAsync("\0exit"u8.ToArray(), WebSocketMessageType.Binary, true, TestServer.Token);

        var status = JsonNode.Parse((await ReceiveAsync(socket))!.TrimStart('\u0003'))!;
        Assert.Equal(("Failure", "3"), ((string?)status["status"], (string?)status["details"]!["causes"]![0]!["message"]));
        Assert.Null(await ReceiveAsync(socket));
        Assert.Equal("It exited with 3.", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task Exec_ThatGetsTheEndOfItsInput_CanStillSpeak()
    {
        using var socket = await OpenAsync("execute", new JsonObject { ["command"] = new JsonArray("cat"), ["tty"] = false }, "v5.channel.k8s.io");
        await socket.SendAsync(new byte[] { 255, 0 }, WebSocketMessageType.Binary, true, TestServer.Token);

        Assert.Equal("\u0001bye", await ReceiveAsync(socket));
    }

    [Fact]
    public async Task Exec_InRanchersFrames_IsBase64_AndResizes()
    {
        using var socket = await OpenAsync("execute", new JsonObject { ["command"] = new JsonArray("sh") });
        await socket.SendAsync(":resizeTTY:80,24"u8.ToArray(), WebSocketMessageType.Text, true, TestServer.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String("hi"u8)), WebSocketMessageType.Text, true, TestServer.Token);

        Assert.Equal("HI", Encoding.UTF8.GetString(Convert.FromBase64String((await ReceiveAsync(socket))!)));
        await ContainerHost.EventuallyAsync(() => Task.FromResult(_host.Docker.Sizes.Contains((80, 24))), "the size");
    }

    [Fact]
    public async Task Statistics_AreInCadvisorsShape_WithTheShareOfACpu()
    {
        var access = new CattleResource(await _host.Project.SendAsync(HttpMethod.Get, $"containers/{_web.Id}/containerstats", null, TestServer.Token));
        using var socket = await DialAsync(access, null);

        var sample = JsonNode.Parse((await ReceiveAsync(socket))!)![0]!;

        Assert.Equal((_web.Id, 9000, 4000, 40.0), ((string?)sample["id"], (int)sample["memLimit"]!, (int)sample["memory"]!["usage"]!, (double)sample["cpuPercent"]!));
        Assert.Equal((300, 11, 22, 100, 4), ((int)sample["cpu"]!["usage"]!["total"]!, (int)sample["network"]!["rx_bytes"]!, (int)sample["network"]!["tx_bytes"]!, (int)sample["diskIo"]!["ioServiceBytes"]![0]!["stats"]!["Read"]!, (int)sample["pids"]!));
    }

    [Fact]
    public async Task Link_ThatBreaksBesideAShell_EndsItWithTheReason()
    {
        using var socket = await OpenAsync("execute", new JsonObject { ["command"] = new JsonArray("sh") });
        await socket.SendAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String("hi"u8)), WebSocketMessageType.Text, true, TestServer.Token);
        Assert.NotNull(await ReceiveAsync(socket));

        _host.Agent.Drop();

        Assert.Null(await ReceiveAsync(socket));
        Assert.Equal(4503, (int?)socket.CloseStatus);
        Assert.False(string.IsNullOrEmpty(socket.CloseStatusDescription));
    }

    [Fact]
    public async Task Shells_TwoHundredAtOnce_AllAnswer_AndLeaveNothingOpen()
    {
        var access = await _host.Project.ActionAsync("containers", _web.Id, "execute", new JsonObject { ["command"] = new JsonArray("sh") }, TestServer.Token);
        var sockets = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => DialAsync(access, "binary")));

        await Task.WhenAll(sockets.Select(async (socket, number) =>
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($"shell {number}"), WebSocketMessageType.Binary, true, TestServer.Token);
            Assert.Equal($"SHELL {number}", await ReceiveAsync(socket));
        }));

        foreach (var socket in sockets)
        {
            socket.Abort();
            socket.Dispose();
        }

        await ContainerHost.EventuallyAsync(() => Task.FromResult(_host.Docker.OpenShells == 0), "no shell is left");
    }

    [Fact]
    public async Task Reader_ThatReadsNothing_HoldsUpNobodyElse()
    {
        _host.Docker.Log.Add((1, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 1023) + "\n", 16 * 1024)))));
        using var idle = await OpenAsync("logs", [], "lines");

        using var other = await OpenAsync("logs", [], "lines");
        var (messages, _) = await ReadAsync(other);

        Assert.Equal(16 * 1024, messages.Sum(m => m.Split('\n').Length));
        Assert.Equal(WebSocketState.Open, idle.State);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("old")]
    [InlineData("kind")]
    [InlineData("none")]
    public async Task Token_ThatIsNotTheRightOne_OpensNothing(string fault)
    {
        var access = await _host.Project.ActionAsync("containers", _web.Id, "logs", [], TestServer.Token);
        var token = access.Text("token")!;
        if (fault == "old")
        {
            _host.Server.Time.Advance(TimeSpan.FromMinutes(6));
        }

        var shown = fault switch { "wrong" => token[..^2] + (token[^2..] == "AA" ? "BB" : "AA"), "none" => "", _ => token };

        Assert.Equal(401, await StatusAsync(fault == "kind" ? "exec" : "logs", shown));
    }

    [Fact]
    public async Task Actions_AreForMembers_AndLogsForReadersToo_AndOthersSeeNothing()
    {
        var readonlyKey = (await _host.Server.UserAsync("reader", "readonly")).Client.ForProject(_host.Server.ProjectId);
        var names = (await readonlyKey.GetAsync("containers", _web.Id, TestServer.Token))!.Object("actions")!.Select(a => a.Key);
        Assert.Equal(["logs"], names);
        await readonlyKey.ActionAsync("containers", _web.Id, "logs", [], TestServer.Token);
        Assert.Equal(403, (await Assert.ThrowsAsync<CattleException>(() => readonlyKey.ActionAsync("containers", _web.Id, "execute", new JsonObject { ["command"] = new JsonArray("sh") }, TestServer.Token))).Status);
        Assert.Equal(403, (await Assert.ThrowsAsync<CattleException>(() => readonlyKey.CreateAsync("containers", new JsonObject { ["imageUuid"] = "docker:nginx" }, TestServer.Token))).Status);

        var other = _host.Server.Admin.ForProject((await _host.Server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token)).Id);
        Assert.Equal(404, (await Assert.ThrowsAsync<CattleException>(() => other.ActionAsync("containers", _web.Id, "logs", [], TestServer.Token))).Status);
        Assert.Equal(404, (await Assert.ThrowsAsync<CattleException>(() => other.SendAsync(HttpMethod.Get, $"containers/{_web.Id}/inspect", null, TestServer.Token))).Status);
    }

    private async Task<ClientWebSocket> OpenAsync(string action, JsonObject body, string? protocol = null) =>
        await DialAsync(await _host.Project.ActionAsync("containers", _web.Id, action, body, TestServer.Token), protocol);

    private static async Task<ClientWebSocket> DialAsync(CattleResource access, string? protocol)
    {
        var socket = new ClientWebSocket();
        if (protocol is not null)
        {
            socket.Options.AddSubProtocol(protocol);
        }

        await socket.ConnectAsync(new Uri($"{access.Text("url")}?token={access.Text("token")}"), TestServer.Token);
        return socket;
    }

    private async Task<int> StatusAsync(string kind, string token)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{_host.Server.Address.Authority}/v1/{kind}/?token={token}"), TestServer.Token));
        return (int)socket.HttpStatusCode;
    }

    /// <summary>Null when the other side closed.</summary>
    private static async Task<string?> ReceiveAsync(ClientWebSocket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        var (buffer, length) = (new byte[1 << 20], 0);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                return Encoding.UTF8.GetString(buffer, 0, length);
            }
        }
    }

    private static async Task<(List<string> Lines, string? Reason)> ReadAsync(ClientWebSocket socket)
    {
        var lines = new List<string>();
        while (await ReceiveAsync(socket) is { } line)
        {
            lines.Add(line);
        }

        return (lines, socket.CloseStatusDescription);
    }
}
