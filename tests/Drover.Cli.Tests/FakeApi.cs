using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Drover.Api.Agents.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drover.Cli.Tests;

/// <summary>As much of the server as the CLI uses, in memory, on a port of its own. Machines stay as they are until the test changes them.</summary>
internal sealed partial class FakeApi : IAsyncDisposable
{
    public const string Project = "1a5";
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<Channel<string>, bool> _subscribers = new();
    private readonly Lock _gate = new();
    private readonly List<JsonObject> _machines = [];

    /// <summary>The answer to a trial.</summary>
    public JsonObject Trial { get; set; } = [];

    private readonly List<JsonObject> _hosts = [];
    private int _last;

    private FakeApi(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = new("http://127.0.0.1");

    /// <summary>Called with each machine that is asked for, before the answer: its state afterwards is what the CLI sees first.</summary>
    public Action<JsonObject>? OnCreate { get; set; }

    /// <summary>Called with each machine whose removal is asked for; by default it is gone at once.</summary>
    public Action<JsonObject>? OnDelete { get; set; }

    /// <summary>The whole console of every machine.</summary>
    public string Console { get; set; } = "";

    public List<JsonObject> Environments { get; } = [Resource("project", Project, "Default", "active")];

    /// <summary>While true every request is answered 503, as by a control plane that restarts.</summary>
    public bool IsAway { get; set; }

    /// <summary>What schedulers told of their pools.</summary>
    public List<JsonObject> Pools { get; } = [];

    /// <summary>What serves streams into any host.</summary>
    public Func<LinkStream, Task> Serve { get; set; } = stream => throw new StreamResetException(StreamFault.Failed, "The host is not connected at present; its link returns by itself.");

    /// <summary>Cancelled to break the sockets that carry them; those that follow have the next.</summary>
    public CancellationTokenSource Breaks { get; set; } = new();

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    public List<string> Requests { get; } = [];

    public List<JsonObject> Bodies { get; } = [];

    public static async Task<FakeApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var app = builder.Build();
        var api = new FakeApi(app);
        app.UseWebSockets();
        api.Map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        api.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return api;
    }

    /// <summary>Variables of a terminal that talks to this server.</summary>
    public void Choose(Terminal terminal)
    {
        terminal.Variables["DROVER_URL"] = Url.AbsoluteUri;
        terminal.Variables["DROVER_ACCESS_KEY"] = "key";
        terminal.Variables["DROVER_SECRET_KEY"] = "secret";
    }

    public JsonObject AddMachine(string name, string state)
    {
        lock (_gate)
        {
            var machine = Resource("machine", $"1ph{++_last}", name, state);
            machine["mesosConfig"] = new JsonObject { ["cpus"] = 1, ["memory"] = "1GiB" };
            _machines.Add(machine);
            return machine;
        }
    }

    public JsonObject AddHost(string name, string state, string? machineId = null)
    {
        lock (_gate)
        {
            var host = Resource("host", $"1h{++_last}", name, state);
            host["physicalHostId"] = machineId;
            _hosts.Add(host);
            return host;
        }
    }

    public JsonObject? Machine(string name)
    {
        lock (_gate)
        {
            return _machines.Find(m => (string)m["name"]! == name);
        }
    }

    /// <summary>Requests up to now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return Requests.Count;
            }
        }
    }

    public bool Has(string request)
    {
        lock (_gate)
        {
            return Requests.Contains(request);
        }
    }

    /// <summary>The machine is active with an active host.</summary>
    public void Activate(JsonObject machine)
    {
        var host = AddHost((string)machine["name"]!, "active", (string)machine["id"]!);
        Change(machine, m =>
        {
            m["state"] = "active";
            m["hostId"] = (string)host["id"]!;
            m["readySeconds"] = 14.2;
        });
    }

    public void Change(JsonObject resource, Action<JsonObject> change)
    {
        lock (_gate)
        {
            change(resource);
        }

        foreach (var subscriber in _subscribers.Keys)
        {
            subscriber.Writer.TryWrite(new JsonObject { ["name"] = "resource.change", ["resourceId"] = (string)resource["id"]!, ["resourceType"] = (string)resource["type"]!, ["data"] = new JsonObject { ["resource"] = resource.DeepClone() } }.ToJsonString());
        }
    }

    public void Remove(JsonObject machine)
    {
        lock (_gate)
        {
            _machines.Remove(machine);
            _hosts.RemoveAll(h => (string?)h["physicalHostId"] == (string)machine["id"]!);
        }

        Change(machine, m => m["state"] = "removed");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var subscriber in _subscribers.Keys)
        {
            subscriber.Writer.TryComplete();
        }

        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    public static JsonObject Resource(string type, string id, string name, string state) => new()
    {
        ["type"] = type, ["id"] = id, ["name"] = name, ["state"] = state, ["created"] = "2026-01-02T03:04:05Z", ["links"] = new JsonObject(), ["actions"] = new JsonObject(),
    };
}
