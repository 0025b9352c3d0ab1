using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Tests.Fakes;
using Task = System.Threading.Tasks.Task;

namespace Drover.Scheduler.Tests;

/// <summary>A machine's road through a whole scheduler.</summary>
public sealed class RoadTests
{
    [Fact]
    public async Task Machine_CreatedAndRemoved_RunsOnceAndLeavesNothing()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");

        var machine = await scheduler.CreateActiveAsync("1ph1", new JsonObject { ["cpus"] = 2, ["memory"] = "2GiB", ["disk"] = "10GiB" });

        var task = Assert.Single(scheduler.Master.Live);
        Assert.Equal("uuid-1ph1.1", task.Id);
        Assert.Equal(2, task.Data.Cpus);
        Assert.Equal(2L << 30, task.Data.MemoryBytes);
        Assert.Contains("token-1ph1", task.Data.RegistrationUrl, StringComparison.Ordinal);
        Assert.Equal("web", task.Data.Labels["tier"]);
        Assert.Equal("a1", (string?)machine.Fields["placement"]!["agentId"]);
        Assert.Equal([MachineStage.Queue, MachineStage.Launch], machine.Fields["stages"]!.AsArray().Select(s => (string)s!["stage"]!));

        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.State == "removed", "removed");

        Assert.Empty(scheduler.Master.Live);
        Assert.Empty(scheduler.Master.Faults);
        await scheduler.UntilAsync(() => scheduler.Master.Calls.ToArray()[^1].Type is Call.Types.Type.Suppress or Call.Types.Type.Acknowledge, "offers suppressed");
        Assert.Empty(scheduler.Status.Take().Tasks);
    }

    [Fact]
    public async Task CreateEvent_SentTwice_LaunchesOnceAndAnswersTheNewest()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.Executor = _ => null;
        scheduler.Master.AddAgent("a1");
        scheduler.Cattle.Create("1ph1");
        var first = await scheduler.Cattle.SendAsync("1ph1", "physicalhost.create");
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "launched");
        var second = await scheduler.Cattle.SendAsync("1ph1", "physicalhost.create");
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(second).Count > 0, "progress to the second event");

        scheduler.Master.Update("uuid-1ph1.1", TaskState.TaskRunning);
        await scheduler.UntilAsync(() => scheduler.Cattle["1ph1"].State == "bootstrapping", "created");

        Assert.Single(scheduler.Master.All);
        Assert.All(scheduler.Cattle.RepliesTo(first), reply => Assert.Equal("yes", (string?)reply["transitioning"]));
        Assert.Null(scheduler.Cattle.RepliesTo(second)[^1]["transitioning"]);
    }

    [Theory]
    [InlineData("removing", "mesos")]
    [InlineData("removed", "mesos")]
    [InlineData("active", "mesos")]
    [InlineData("creating", "digitalocean")]
    public async Task CreateEvent_ThatIsStaleOrAnothers_IsAnsweredAndStartsNothing(string state, string driver)
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Cattle.Create("1ph1", state: state, driver: driver);

        var replyTo = await scheduler.Cattle.SendAsync("1ph1", "physicalhost.create");
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(replyTo).Any(r => r["transitioning"] is null), "answered");

        Assert.Empty(scheduler.Master.All);
        Assert.Equal(0, scheduler.Master.CallCount(Call.Types.Type.Revive));
    }

    [Fact]
    public async Task RemoveEvent_OfUnknownMachine_IsAnsweredAtOnce()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        var replyTo = await scheduler.Cattle.SendAsync("1ph99", "physicalhost.remove");
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(replyTo).Count == 1, "answered");
        Assert.Null(scheduler.Cattle.RepliesTo(replyTo)[0]["transitioning"]);
    }

    [Fact]
    public async Task Machine_ThatFitsNowhere_IsToldWhyAndWhatWouldHelp()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1", memory: 1024);
        var machine = scheduler.Cattle.Create("1ph1", new JsonObject { ["memory"] = "2GiB" });
        await scheduler.Cattle.SendAsync("1ph1");

        await scheduler.UntilAsync(() => machine.Fields["waiting"]?["suggestion"] is not null, "explained");

        Assert.Contains("too little free memory (at most 1 GiB, on host-a1)", (string?)machine.Fields["waiting"]!["reason"], StringComparison.Ordinal);
        Assert.Equal("It would fit on host-a1 with 1.2 GiB less memory.", (string?)machine.Fields["waiting"]!["suggestion"]);
        scheduler.Master.AddAgent("a2");
        scheduler.Master.Offer();
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "launched on the new agent");
    }

    [Theory]
    [InlineData("cpus", "-1")]
    [InlineData("memory", "lots")]
    [InlineData("image", "nonesuch")]
    [InlineData("constraints", "rack")]
    public async Task Machine_ThatCannotBe_IsRefusedWithTheField(string field, string value)
    {
        await using var scheduler = await TestScheduler.StartAsync();
        var machine = scheduler.Cattle.Create("1ph1", new JsonObject { [field] = value });
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.State == "error", "refused");
        Assert.Contains(value, machine.Message, StringComparison.Ordinal);
        Assert.Equal("queue", (string?)machine.Fields["failure"]!["stage"]);
    }

    [Fact]
    public async Task Queue_Restarted_KeepsItsOrderAndLaunches()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        foreach (var id in new[] { "1ph1", "1ph2", "1ph3" })
        {
            scheduler.Cattle.Create(id);
            await scheduler.Cattle.SendAsync(id);
            await scheduler.UntilAsync(() => scheduler.Status.Take().Queue.Any(q => q.MachineId == id && q.Name.Length > 0), $"{id} queued");
        }

        await scheduler.RestartAsync();
        Assert.Equal(["1ph1", "1ph2", "1ph3"], scheduler.Status.Take().Queue.Select(q => q.MachineId));
        scheduler.Master.AddAgent("a1", cpus: 1.5);
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "one launched", () => { scheduler.Master.Offer(); return Task.CompletedTask; });
        Assert.Equal("uuid-1ph1", scheduler.Master.Live[0].Machine);
    }

    [Fact]
    public async Task Machine_RemovedWhileTheSchedulerWasAway_IsKilledOnReturn()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        await scheduler.CreateActiveAsync("1ph1");
        await scheduler.StopAsync();
        scheduler.Cattle["1ph1"].State = "removed";
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 0, "killed");
    }

    [Fact]
    public async Task Machine_CreatedWhileTheSchedulerWasAway_IsFoundByListing()
    {
        await using var scheduler = await TestScheduler.CreateAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Cattle.Create("1ph1");
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "launched without an event");
    }

    [Fact]
    public async Task Server_AwayAtTheEnd_GetsTheAnswerLater()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.Executor = _ => null;
        scheduler.Master.AddAgent("a1");
        var machine = scheduler.Cattle.Create("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "launched");
        scheduler.Cattle.Failing = 503;
        scheduler.Master.Update("uuid-1ph1.1", TaskState.TaskRunning);
        await scheduler.UntilAsync(() => scheduler.Status.Take().Tasks.Any(t => t.State == "running"), "running");
        await scheduler.RestartAsync();
        scheduler.Cattle.Failing = null;

        await scheduler.UntilAsync(() => machine.State == "bootstrapping", "answered after all");
    }

    [Fact]
    public async Task Master_LosingTheSession_OffersAreVoidAndTasksAreAskedFor()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        await scheduler.CreateActiveAsync("1ph1");
        var before = scheduler.Master.CallCount(Call.Types.Type.Reconcile);

        scheduler.Master.Disconnect();
        await scheduler.UntilAsync(() => scheduler.Master.CallCount(Call.Types.Type.Reconcile) >= before + 2, "reconciled explicitly, then implicitly");

        Assert.Single(scheduler.Master.Live);
        Assert.Empty(scheduler.Master.Faults);
    }
}
