using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Machines;

namespace Drover.Daemon.Tests.Telemetry;

[Collection("Meters")]
public sealed class MetricsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Table_OfTheDocument_IsWhatMetricsGives()
    {
        var table = Scrape.ReadTable(await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "metrics.md"), Token));
        await using var cluster = await MeasuredCluster.StartAsync();
        await cluster.MachineAsync("web-1");

        var given = Scrape.Read(await cluster.ScrapeAsync(text => text.Contains("drover_machine_stage_duration_seconds", StringComparison.Ordinal)));

        Assert.Empty(given.Keys.Except(table.Keys, StringComparer.Ordinal));
        Assert.Empty(table.Keys.Where(name => name.StartsWith("drover_", StringComparison.Ordinal)).Except(given.Keys, StringComparer.Ordinal));
        Assert.All(given, metric => Assert.True(
            table[metric.Key].Type == metric.Value.Type && table[metric.Key].Labels == metric.Value.Labels,
            $"{metric.Key} is a {metric.Value.Type} with the labels '{metric.Value.Labels}'; the table says {table[metric.Key]}"));
        Assert.All(table, row => Assert.Equal(row.Key.Contains("_seconds", StringComparison.Ordinal), row.Value.Unit == "seconds"));
    }

    [Fact]
    public async Task Numbers_FollowWhatHappens()
    {
        await using var cluster = await MeasuredCluster.StartAsync();
        Assert.Contains("drover_hosts{state=\"active\"} 0\n", await cluster.ScrapeAsync(_ => true), StringComparison.Ordinal);

        var machine = await cluster.MachineAsync("secret-name");
        var text = await cluster.ScrapeAsync(t => t.Contains("drover_hosts{state=\"active\"} 1\n", StringComparison.Ordinal) && t.Contains("drover_scheduler_tasks{state=\"running\"} 1\n", StringComparison.Ordinal));

        Assert.Contains("drover_machines{state=\"active\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_agent_links{} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_scheduler_queue_length{} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_database_up{} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_processes_ended_total{outcome=\"done\",process=\"physicalhost.create\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_machine_ready_duration_seconds_count{way=\"cold\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_machine_stage_duration_seconds_count{stage=\"boot\",way=\"cold\"} 1\n", text, StringComparison.Ordinal);
        Assert.Matches("drover_scheduler_launches_total\\{\\} [1-9]", text);
        Assert.Contains("http_route=\"/.api/machines/{id}\"", text, StringComparison.Ordinal);

        // Nothing of a tenant's: neither names nor ids.
        Assert.DoesNotContain("secret-name", text, StringComparison.Ordinal);
        Assert.DoesNotContain(machine.Text("externalId")!, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MachineThatFails_CountsAtItsStage()
    {
        await using var cluster = await MeasuredCluster.SimulatingAsync(new Simulation { FailAt = MachineStage.Boot }, []);
        await cluster.MachineAsync("broken", "error");

        var text = await cluster.ScrapeAsync(t => t.Contains("drover_machine_failures_total{stage=\"boot\"} 1\n", StringComparison.Ordinal));

        Assert.Matches("drover_process_failures_total\\{process=\"physicalhost.(create|bootstrap)\"\\} 1\n", text);
        Assert.Contains("drover_machines{state=\"error\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("drover_machine_failures_total{stage=\"docker\"} 0\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AreForTheTokenAndAdministratorsOnly()
    {
        await using var cluster = await MeasuredCluster.StartAsync();
        var admin = cluster.Key("admin");
        var service = cluster.Key("service");
        var tenant = await cluster.Cluster.Client().CreateAsync("apikeys", [], Token);
        var bearer = await cluster.Cluster.Admin().CreateAsync("projects", new JsonObject { ["name"] = "other" }, Token);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(MeasuredCluster.Bearer(MeasuredCluster.MetricsToken)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(MeasuredCluster.Basic(admin.AccessKey, admin.SecretKey)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(MeasuredCluster.Bearer("wrong")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(MeasuredCluster.Bearer(MeasuredCluster.MetricsToken + "0")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(MeasuredCluster.Basic(admin.AccessKey, "wrong")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(MeasuredCluster.Basic(service.AccessKey, service.SecretKey)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(MeasuredCluster.Basic(tenant.Text("publicValue")!, tenant.Text("secretValue")!)));

        // A key of all environments that is used inside one is one of that environment.
        Assert.Equal(HttpStatusCode.Unauthorized, (await cluster.GetAsync(MeasuredCluster.Basic(admin.AccessKey, admin.SecretKey), $"/metrics?projectId={bearer.Id}")).Status);

        async Task<HttpStatusCode> StatusAsync(System.Net.Http.Headers.AuthenticationHeaderValue? credentials) => (await cluster.GetAsync(credentials)).Status;
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Drover.slnx")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }
}
