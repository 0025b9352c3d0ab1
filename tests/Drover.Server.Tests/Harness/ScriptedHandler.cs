using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Cattle;

namespace Drover.Server.Tests.Harness;

/// <summary>An external handler that does what the test says.</summary>
internal sealed class ScriptedHandler : IAsyncDisposable
{
    private readonly CattleClient _client;
    private readonly Channel<CattleEvent> _events = Channel.CreateUnbounded<CattleEvent>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ScriptedHandler(CattleClient client, string name, string[] processes, Func<CattleEvent, CattleReply?>? answer)
    {
        _client = client;
        Name = name;
        _reading = ReadAsync([.. processes.Select(p => $"{p};handler={name}")], answer);
    }

    public string Name { get; }

    public string Id { get; private set; } = "";

    public static readonly string[] MachineProcesses = ["physicalhost.create", "physicalhost.bootstrap", "physicalhost.remove"];

    /// <param name="server">Where.</param>
    /// <param name="answer">The answer to each event, or null for none. Without it the test reads and answers itself.</param>
    public static async Task<ScriptedHandler> StartAsync(
        TestServer server,
        Func<CattleEvent, CattleReply?>? answer = null,
        string name = "droverMesos",
        string[]? processes = null,
        JsonObject? also = null,
        bool register = true)
    {
        var names = processes ?? MachineProcesses;
        var handler = new ScriptedHandler(server.Service, name, names, answer);
        await handler._open.Task.WaitAsync(TestServer.Patience, TestServer.Token);
        if (register)
        {
            await handler.RegisterAsync(names, also);
        }

        return handler;
    }

    public async Task RegisterAsync(string[] processes, JsonObject? also = null)
    {
        var body = new JsonObject
        {
            ["name"] = Name,
            ["uuid"] = Name,
            ["processConfigs"] = new JsonArray([.. processes.Select(p => (JsonNode)new JsonObject { ["name"] = p, ["onError"] = "physicalhost.error" })]),
        };
        foreach (var (key, value) in also ?? [])
        {
            body[key] = value?.DeepClone();
        }

        Id = (await _client.CreateAsync("externalhandlers", body, TestServer.Token)).Id;
    }

    /// <summary>The next event that is no ping.</summary>
    public async Task<CattleEvent> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        try
        {
            return await _events.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The handler {Name} got no event.", e);
        }
    }

    public bool HasEvent => _events.Reader.TryPeek(out _);

    public Task ReplyAsync(CattleEvent to, CattleReply reply) => _client.ReplyAsync(to, reply, TestServer.Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ReadAsync(string[] names, Func<CattleEvent, CattleReply?>? answer)
    {
        try
        {
            await foreach (var e in _client.SubscribeAsync(names, null, _stop.Token))
            {
                // The first ping says that the subscription stands.
                if (e.Name == "ping")
                {
                    _open.TrySetResult();
                }
                else if (answer is null)
                {
                    _events.Writer.TryWrite(e);
                }
                else if (answer(e) is { } reply)
                {
                    await _client.ReplyAsync(e, reply, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or CattleException)
        {
            _open.TrySetException(e);
        }
    }
}
