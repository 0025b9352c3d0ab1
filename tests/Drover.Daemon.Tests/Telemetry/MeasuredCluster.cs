using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Daemon.Telemetry;
using Drover.Server;
using Drover.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Daemon.Tests.Telemetry;

/// <summary>A cluster whose server's process has the daemon's telemetry.</summary>
internal sealed class MeasuredCluster : IAsyncDisposable
{
    public const string MetricsToken = "a-token-of-this-test-0123456789";

    private readonly HttpClient _http = new();

    private MeasuredCluster(TestCluster cluster) => Cluster = cluster;

    public TestCluster Cluster { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<MeasuredCluster> StartAsync(params IEnumerable<KeyValuePair<string, string?>> environment) => await SimulatingAsync(new Simulation { BootMilliseconds = 1 }, environment);

    public static async Task<MeasuredCluster> SimulatingAsync(Simulation simulation, IEnumerable<KeyValuePair<string, string?>> environment)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(environment).Build();
        return new MeasuredCluster(await TestCluster.StartAsync(
            new TestClusterOptions
            {
                Simulation = simulation,
                AddToServer = services =>
                {
                    // The exporter reads the program's own configuration, which in the daemon is the same.
                    var own = services.Last(d => d.ServiceType == typeof(IConfiguration));
                    services.AddSingleton<IConfiguration>(s => new ConfigurationBuilder().AddConfiguration((IConfiguration)(own.ImplementationInstance ?? own.ImplementationFactory!(s))).AddConfiguration(configuration).Build());
                    DaemonTelemetry.AddTo(services, configuration);
                },
                MapInServer = app => DaemonTelemetry.Map(app, new MetricsAccess(MetricsToken, DroverServer.IsAdministratorAsync)),
            },
            Token));
    }

    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    public static AuthenticationHeaderValue Basic(string user, string password) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public (string AccessKey, string SecretKey) Key(string name)
    {
        var keys = JsonNode.Parse(File.ReadAllText(Path.Combine(Cluster.Data, "keys", $"{name}.json")))!;
        return ((string)keys["accessKey"]!, (string)keys["secretKey"]!);
    }

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(AuthenticationHeaderValue? credentials, string path = "/metrics")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Cluster.Server, path)) { Headers = { Authorization = credentials } };
        using var answer = await _http.SendAsync(request, Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    /// <summary>What <c>/metrics</c> says once it says what is waited for.</summary>
    public async Task<string> ScrapeAsync(Func<string, bool> until)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var (status, text) = await GetAsync(Bearer(MetricsToken));
            Assert.Equal(HttpStatusCode.OK, status);
            if (until(text))
            {
                return text;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), text);
            await timer.WaitForNextTickAsync(Token);
        }
    }

    /// <summary>A machine that has got into that state.</summary>
    public async Task<CattleResource> MachineAsync(string name, string state = "active")
    {
        var client = Cluster.Client();
        var made = await client.CreateAsync("machines", new JsonObject { ["name"] = name, ["mesosConfig"] = new JsonObject { ["memory"] = "64MiB" } }, Token);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var machine = (await client.GetAsync("machines", made.Id, Token))!;
            if (machine.State == state)
            {
                return machine;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1) && machine.State is not ("active" or "error"), $"{machine.State}: {machine.TransitioningMessage}");
            await timer.WaitForNextTickAsync(Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Cluster.DisposeAsync();
    }
}
