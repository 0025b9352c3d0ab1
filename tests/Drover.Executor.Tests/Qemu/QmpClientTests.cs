using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Qemu;

public sealed class QmpClientTests
{
    private const string Greeting = """{"QMP":{"version":{"qemu":{"major":7,"minor":2}},"capabilities":["oob"]}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Open_Greeted_EnablesCommands()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        var opening = monitor.OpenAsync();
        await monitor.SayAsync(Greeting);

        Assert.Equal("qmp_capabilities", (await monitor.HearAsync()).GetProperty("execute").GetString());
        await monitor.AnswerAsync("{}");
        await using var client = await opening;
    }

    [Fact]
    public async Task Open_NoGreeting_Fails()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        var opening = monitor.OpenAsync();
        await monitor.SayAsync("""{"hello":"I am something else"}""");

        await Assert.ThrowsAsync<MachineException>(() => opening);
    }

    [Fact]
    public async Task Open_ClosedAtOnce_IsAnIoFault()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        var opening = monitor.OpenAsync();
        monitor.Close();

        await Assert.ThrowsAsync<IOException>(() => opening);
    }

    [Fact]
    public async Task Execute_AnswersOutOfOrderBetweenEvents_GoToTheirCommands()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        await using var client = await monitor.ReadyAsync();
        var first = client.ExecuteAsync("query-status", null, Token);
        var second = client.ExecuteAsync("set-action", json => json.WriteString("reboot", "reset"), Token);
        var (one, two) = (await monitor.HearAsync(), await monitor.HearAsync());
        Assert.Equal("reset", two.GetProperty("arguments").GetProperty("reboot").GetString());

        await monitor.SayAsync($$"""{"return":{"n":2},"id":{{two.GetProperty("id")}}}""");
        await monitor.SayAsync("""{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}""");
        await monitor.SayAsync("no json at all");
        await monitor.SayAsync("""{"return":{"n":9},"id":12345}""");
        await monitor.SayAsync($$"""{"return":{"n":1},"id":{{one.GetProperty("id")}}}""");

        Assert.Equal(1, (await first).GetProperty("n").GetInt32());
        Assert.Equal(2, (await second).GetProperty("n").GetInt32());
        Assert.Equal(["SHUTDOWN guest-shutdown"], monitor.Events);
    }

    [Fact]
    public async Task Execute_Refused_TellsQemusReason()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        await using var client = await monitor.ReadyAsync();
        var command = client.ExecuteAsync("nonsense", null, Token);
        var id = (await monitor.HearAsync()).GetProperty("id");
        await monitor.SayAsync($$"""{"error":{"class":"CommandNotFound","desc":"The command nonsense has not been found"},"id":{{id}}}""");

        Assert.Contains("nonsense has not been found", (await Assert.ThrowsAsync<MachineException>(() => command)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_ConnectionEnds_FailsAllThatWait()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        await using var client = await monitor.ReadyAsync();
        var command = client.ExecuteAsync("system_powerdown", null, Token);
        await monitor.HearAsync();
        monitor.Close();

        await Assert.ThrowsAsync<IOException>(() => command);
        await Assert.ThrowsAnyAsync<IOException>(() => client.ExecuteAsync("quit", null, Token));
    }

    [Fact]
    public async Task Execute_NoAnswer_EndsAfterTenSeconds()
    {
        await using var monitor = await ScriptedMonitor.StartAsync();
        await using var client = await monitor.ReadyAsync();
        var command = client.ExecuteAsync("quit", null, Token);
        await monitor.HearAsync();

        monitor.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Contains("did not answer 'quit'", (await Assert.ThrowsAsync<MachineException>(() => command)).Message, StringComparison.Ordinal);
    }

    /// <summary>A monitor whose every line the test writes.</summary>
    private sealed class ScriptedMonitor : IAsyncDisposable
    {
        private readonly NetworkStream theirs;
        private readonly NetworkStream ours;
        private readonly StreamReader reader;

        private ScriptedMonitor(Socket theirs, Socket ours)
        {
            this.theirs = new NetworkStream(theirs, ownsSocket: true);
            this.ours = new NetworkStream(ours, ownsSocket: true);
            reader = new StreamReader(this.ours);
        }

        public FakeTimeProvider Time { get; } = new();

        public ConcurrentQueue<string> Events { get; } = new();

        public static async Task<ScriptedMonitor> StartAsync()
        {
            using var folder = new TestFolder();
            using var listener = SandboxSocket.Listen(folder.Path, "qmp.sock");
            var dialled = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await dialled.ConnectAsync(new UnixDomainSocketEndPoint(folder["qmp.sock"]), Token);
            return new ScriptedMonitor(dialled, await listener.AcceptAsync(Token));
        }

        public Task<QmpClient> OpenAsync() => QmpClient.OpenAsync(theirs, Time, (name, data) => Events.Enqueue($"{name} {data.GetProperty("reason")}"), Token);

        public async Task<QmpClient> ReadyAsync()
        {
            var opening = OpenAsync();
            await SayAsync(Greeting);
            await HearAsync();
            await AnswerAsync("{}");
            return await opening;
        }

        public Task SayAsync(string line) => ours.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), Token).AsTask();

        public Task AnswerAsync(string value) => SayAsync($$"""{"return":{{value}},"id":1}""");

        public async Task<JsonElement> HearAsync()
        {
            using var document = JsonDocument.Parse((await reader.ReadLineAsync(Token))!);
            return document.RootElement.Clone();
        }

        public void Close() => ours.Dispose();

        public ValueTask DisposeAsync()
        {
            theirs.Dispose();
            ours.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
