using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>Machines that go on with their disks in another task, or begin with a copy of another machine's: through server, scheduler, LocalMesos and executor.</summary>
public sealed class ResizeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resize_OfARunningMachine_IsTheSameHostInAnotherTask()
    {
        await using var lab = await Lab.StartAsync();
        var before = await lab.MachineAsync();
        await lab.ActAsync("snapshot", new JsonObject { ["name"] = "before" });
        await lab.StateAsync("active");
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 2, ["memory"] = "128MiB" });
        Assert.Equal("resizing", (await lab.MachineAsync()).State);
        await lab.StateAsync("active");

        var after = await lab.MachineAsync();
        Assert.Equal(("no", before.Text("externalId"), before.Text("hostId")), (after.Transitioning, after.Text("externalId"), after.Text("hostId")));
        Assert.Equal((2, "128MiB"), ((int?)after.Object("mesosConfig")!["cpus"], (string?)after.Object("mesosConfig")!["memory"]));
        Assert.Contains("its own disk", after.Text("wayReason")!, StringComparison.Ordinal);
        Assert.Equal("active", Assert.Single(await lab.Road.Client.ListAsync("hosts", Token)).State);
        Assert.Equal(1, lab.Cluster.Executors);
        await lab.KeptAsync(0);

        // Its disk came along, with what is in it.
        await lab.ActAsync("restore", new JsonObject { ["name"] = "before" });
        await lab.StateAsync("active");
        await lab.ActAsync("stop", []);
        await lab.StateAsync("stopped");
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 1 });
        await lab.StateAsync("active");
        await lab.RemoveAsync();
    }

    [Fact]
    public async Task Resize_ThatDoesNotFit_WaitsAndSaysWhy_UntilAnotherSizeIsAskedFor()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 1000 });
        var waiting = await lab.MachineAsync(m => ((string?)m.Object("waiting")?["reason"])?.Contains("Its disk is on", StringComparison.Ordinal) == true);
        Assert.Equal("resizing", waiting.State);
        Assert.Contains("It would fit on", (string)waiting.Object("waiting")!["suggestion"]!, StringComparison.Ordinal);
        await lab.KeptAsync(1);

        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 1 });
        await lab.StateAsync("active");
        Assert.Equal(1, (int?)(await lab.MachineAsync()).Object("mesosConfig")!["cpus"]);
        await lab.RemoveAsync();
    }

    [Fact]
    public async Task Remove_OfAMachineThatWaitsForRoom_LeavesNothingOfItsDisk()
    {
        await using var lab = await Lab.StartAsync();
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 1000 });
        await lab.KeptAsync(1);
        await lab.Road.ExecutorsAsync(0, Token);
        await lab.RemoveAsync();
    }

    [Fact]
    public async Task Clone_OfAMachine_IsAnotherHost_ThatTheSourcesRemovalDoesNotHurt()
    {
        await using var lab = await Lab.StartAsync();
        var clone = await lab.Road.Client.ActionAsync("machines", lab.Id, "clone", new JsonObject { ["name"] = "web-2" }, Token);
        await lab.Road.StateAsync(clone.Id, ["active"], Token);
        var (source, copy) = (await lab.MachineAsync(), (await lab.Road.Client.GetAsync("machines", clone.Id, Token))!);
        Assert.NotEqual(source.Text("externalId"), copy.Text("externalId"));
        Assert.NotEqual(source.Text("hostId"), copy.Text("hostId"));
        Assert.Equal(lab.Id, copy.Text("copyOf"));
        Assert.Contains("copy of the disk of 'web-1'", copy.Text("wayReason")!, StringComparison.Ordinal);
        await lab.KeptAsync(0);

        await lab.Road.RemoveAsync(lab.Id, Token);
        await lab.StateAsync("removed", "purged");
        Assert.Equal("active", Assert.Single(await lab.Road.Client.ListAsync("hosts", [new("removed_null", "1")], Token)).State);
        await lab.Road.RemoveAsync(clone.Id, Token);
        await lab.Road.StateAsync(clone.Id, ["removed", "purged"], Token);
        await lab.Road.ExecutorsAsync(0, Token);
        await lab.KeptAsync(0);
    }

    [Theory]
    [InlineData(Part.Server)]
    [InlineData(Part.Scheduler)]
    [InlineData(Part.Master)]
    [InlineData(Part.Agent)]
    public async Task Resize_WithAPartKilledMeanwhile_IsCarriedOutAllTheSame(Part part)
    {
        await using var lab = await Lab.StartAsync(new TestClusterOptions { Simulation = new() { BootMilliseconds = 1, ShutdownMilliseconds = 300 } });
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 2 });
        await lab.Cluster.RestartAsync(part, Token);
        await lab.StateAsync("active");
        await lab.RemoveAsync();
    }

    /// <summary>An executor that dies before it has written that it keeps the disks is lost with its machine, as at any other time; from then on the machine goes on.</summary>
    [Theory]
    [InlineData("kept.intent:before", "error")]
    [InlineData("kept.intent:after", "active")]
    [InlineData("kept.files:before", "active")]
    [InlineData("kept.files:after", "active")]
    [InlineData("machine.vacated:before", "active")]
    [InlineData("machine.gone:before", "active")]
    [InlineData("ledger.settle:before", "active")]
    [InlineData("kept.taken:before", "active")]
    [InlineData("kept.taken:after", "active")]
    [InlineData("kept.settled:before", "active")]
    [InlineData("kept.settled:after", "active")]
    public async Task Resize_WithTheExecutorKilledAtAStep_LosesNothing(string step, string end)
    {
        var left = 1;
        await using var lab = await Lab.StartAsync(new TestClusterOptions
        {
            ExecutorSteps = () =>
            {
                var life = new KillSwitch();
                return reached =>
                {
                    if (reached == step && Interlocked.Decrement(ref left) == 0)
                    {
                        life.Bury();
                    }

                    life.Reached(reached);
                };
            },
        });
        var host = (await lab.MachineAsync()).Text("hostId");
        await lab.ActAsync("resize", new JsonObject { ["cpus"] = 2 });

        // The last steps come when the machine is active already.
        await lab.MachineAsync(_ => Volatile.Read(ref left) <= 0);
        await lab.StateAsync(end);
        Assert.Equal(host, (await lab.MachineAsync()).Text("hostId"));
        await lab.RemoveAsync();
    }

    /// <summary>One machine that is active.</summary>
    private sealed class Lab(TestCluster cluster) : IAsyncDisposable
    {
        public TestCluster Cluster => cluster;

        public Road Road { get; } = new(cluster);

        public string Id { get; private set; } = "";

        public static async Task<Lab> StartAsync(TestClusterOptions? options = null)
        {
            var lab = new Lab(await TestCluster.StartAsync((options ?? new()) with { Templates = "off" }, Token));
            lab.Id = await lab.Road.CreateAsync("web-1", Token);
            await lab.StateAsync("active");
            return lab;
        }

        public Task<CattleResource> ActAsync(string verb, JsonObject input) => Road.Client.ActionAsync("machines", Id, verb, input, Token);

        public Task<string> StateAsync(params string[] wanted) => Road.StateAsync(Id, wanted, Token);

        public async Task<CattleResource> MachineAsync(Func<CattleResource, bool>? until = null)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (true)
            {
                var machine = (await Road.Client.GetAsync("machines", Id, Token))!;
                if (until is null || until(machine))
                {
                    return machine;
                }

                await timer.WaitForNextTickAsync(Token);
            }
        }

        /// <summary>Waits until that many machines have disks outside of a task.</summary>
        public async Task KeptAsync(int count)
        {
            var folder = Path.Combine(cluster.Data, "machines", "disks");
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while ((Directory.Exists(folder) ? Directory.GetDirectories(folder).Length : 0) != count)
            {
                await timer.WaitForNextTickAsync(Token);
            }
        }

        public async Task RemoveAsync()
        {
            await Road.RemoveAsync(Id, Token);
            await StateAsync("removed", "purged");
            await Road.ExecutorsAsync(0, Token);
            await KeptAsync(0);
        }

        public ValueTask DisposeAsync() => cluster.DisposeAsync();
    }
}
