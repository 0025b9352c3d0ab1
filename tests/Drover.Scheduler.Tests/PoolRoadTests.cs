using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Storage;
using Drover.Scheduler.Tests.Fakes;
using Task = System.Threading.Tasks.Task;

namespace Drover.Scheduler.Tests;

/// <summary>Templates and spares through a whole scheduler.</summary>
public sealed class PoolRoadTests
{
    [Fact]
    public async Task Machine_ThatFoundNoTemplate_HasOneMadeInTheBackgroundOnce()
    {
        await using var scheduler = await StartAsync("0");
        scheduler.Master.Executor = info => IsMachine(info)
            ? (TaskState.TaskRunning, new StageReport { Stage = MachineStage.Register, Status = StageStatus.Done, Template = TemplateState.Absent, TemplateKey = "k" })
            : FakeMaster.Obedient(info);

        await scheduler.CreateActiveAsync("1ph1");
        await scheduler.UntilAsync(() => Members(scheduler, "template", "made").Count == 1, "made");
        await scheduler.CreateActiveAsync("1ph2", new JsonObject { ["disk"] = "5GiB" });
        scheduler.Time.Advance(TimeSpan.FromSeconds(10));
        await scheduler.CreateActiveAsync("1ph3");

        var template = Assert.Single(scheduler.Master.All, t => t.Data.Kind == TaskKind.Template);
        Assert.Equal(TaskState.TaskFinished, template.State);
        Assert.Equal(scheduler.Master.Live[0].Data.MemoryBytes, template.Data.MemoryBytes);
        Assert.Empty(scheduler.Master.Faults);
    }

    [Fact]
    public async Task Template_FailingAgainAndAgain_IsGivenUpWithTheReason()
    {
        await using var scheduler = await StartAsync("1");
        scheduler.Master.Executor = info => IsTemplate(info) ? (TaskState.TaskFailed, new StageReport { Stage = MachineStage.Boot, Status = StageStatus.Failed, Message = "No hello." }) : FakeMaster.Obedient(info);

        await UntilAsync(scheduler, () => Members(scheduler, "template", "failed").Count == 1, "given up", TimeSpan.FromSeconds(30));

        Assert.Contains("No hello.", (string?)Members(scheduler, "template", "failed")[0]["message"], StringComparison.Ordinal);
        Assert.Equal(4, scheduler.Master.All.Count);
        Assert.Empty(scheduler.Master.Live);
    }

    [Fact]
    public async Task Request_ThatFitsAReadySpare_ClaimsItWithoutAnOffer()
    {
        await using var scheduler = await ReadyAsync();
        var spare = Assert.Single(scheduler.Master.Live);
        Assert.Equal(TaskKind.Spare, spare.Data.Kind);

        var machine = await scheduler.CreateActiveAsync("1ph1");

        Assert.Equal("uuid-1ph1", spare.ClaimedAs);
        Assert.DoesNotContain(scheduler.Master.All, t => t.Data.Kind == TaskKind.Machine);
        Assert.Equal("warm", (string?)machine.Fields["way"]);
        Assert.Equal([MachineStage.Queue, MachineStage.Launch], machine.Fields["stages"]!.AsArray().Select(s => (string)s!["stage"]!));
        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.State == "removed", "removed");
        Assert.False(spare.IsLive);
    }

    [Fact]
    public async Task Spare_ThatWasClaimed_IsReplaced()
    {
        await using var scheduler = await ReadyAsync();
        await scheduler.CreateActiveAsync("1ph1");
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 2, "refilled");
    }

    [Theory]
    [InlineData("""{"memory":"2GiB"}""")]
    [InlineData("""{"disk":"20GiB"}""")]
    [InlineData("""{"startFrom":"cold"}""")]
    [InlineData("""{"network":"nat"}""")]
    [InlineData("""{"constraints":["rack:EQUALS:b"]}""")]
    public async Task Request_UnlikeTheSpare_IsLaunched(string config)
    {
        await using var scheduler = await ReadyAsync();
        scheduler.Master.AddAgent("a2", attributes: ("rack", "b"));
        await scheduler.CreateActiveAsync("1ph1", (JsonObject)JsonNode.Parse(config)!);
        Assert.Contains(scheduler.Master.Live, t => t.Id == "uuid-1ph1.1");
    }

    [Fact]
    public async Task Claim_LostOnTheWay_IsSentAgainAndCarriedOutOnce()
    {
        await using var scheduler = await ReadyAsync();
        var sent = 0;
        scheduler.Master.MessageArrives = _ => ++sent > 3;
        await scheduler.CreateActiveAsync("1ph1");
        Assert.Equal(4, sent);
        Assert.Single(Assert.Single(scheduler.Master.Live, t => t.ClaimedAs is not null).Outcomes);
        Assert.DoesNotContain(scheduler.Master.All, t => t.Id.StartsWith("uuid-1ph1.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Claim_RefusedOrNotAnswered_KillsTheSpareAndThenLaunches(bool answers)
    {
        await using var scheduler = await ReadyAsync();
        var spare = scheduler.Master.Live[0];
        scheduler.Master.Commander = command => answers ? new CommandOutcome { Id = command.Id, Ok = false, Message = "no guest" } : null;

        await scheduler.CreateActiveAsync("1ph1");

        Assert.False(spare.IsLive);
        Assert.Equal("uuid-1ph1.2", Assert.Single(scheduler.Master.Live, t => t.Data.Kind == TaskKind.Machine).Id);
        Assert.Equal(1, scheduler.Master.MostLiveOfOneMachine);
    }

    [Fact]
    public async Task Claim_CarriedOutButNeverHeardOf_LeavesOneMachine()
    {
        await using var scheduler = await ReadyAsync();
        var spare = scheduler.Master.Live[0];
        scheduler.Master.Commander = command =>
        {
            spare.ClaimedAs = command.Task!.ExternalId;
            return null;
        };
        await scheduler.CreateActiveAsync("1ph1");
        Assert.Equal(1, scheduler.Master.MostLiveOfOneMachine);
        Assert.False(spare.IsLive);
    }

    [Fact]
    public async Task Machine_WithAnAddressOfTheRange_ClaimsASpareOfItsBridge()
    {
        await using var scheduler = await StartAsync("1", configure: options => options with { IpCidr = "192.168.10.0/29" });
        await scheduler.CreateActiveAsync("1ph1", new JsonObject { ["network"] = "bridge:br0" });
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Any(m => (string?)m["network"] == "bridge:br0"), "a spare of the bridge");
        MachineTask? claimed = null;
        scheduler.Master.Commander = command =>
        {
            claimed = command.Task;
            return new CommandOutcome { Id = command.Id, Ok = true };
        };

        await scheduler.CreateActiveAsync("1ph2", new JsonObject { ["network"] = "bridge:br0" });

        Assert.Equal(("bridge:br0", "192.168.10.2/29"), (claimed!.Network, claimed.Address?.Address));
        Assert.All(scheduler.Master.All.Where(t => t.Data.Kind == TaskKind.Spare), t => Assert.Null(t.Data.Address));
    }

    [Fact]
    public async Task Spare_ThatCannotBeKept_SaysWhyAndIsTriedLaterAndLater()
    {
        await using var scheduler = await StartAsync("1");
        scheduler.Master.Executor = info => info.TaskId.Value.StartsWith("spare", StringComparison.Ordinal)
            ? (TaskState.TaskFailed, new StageReport { Stage = MachineStage.Network, Status = StageStatus.Failed, Message = "This computer has no bridge 'br0'." })
            : FakeMaster.Obedient(info);

        await scheduler.UntilAsync(() => Members(scheduler, "warm", "planned").Any(m => m["failures"]?.GetValue<int>() == 1), "it failed once");
        Assert.Contains("no bridge 'br0'", (string?)Assert.Single(Members(scheduler, "warm", "planned"))["message"], StringComparison.Ordinal);
        await UntilAsync(scheduler, () => Members(scheduler, "warm", "planned").Any(m => m["failures"]?.GetValue<int>() == 3), "it failed again", TimeSpan.FromSeconds(5));

        scheduler.Master.Executor = FakeMaster.Obedient;
        await UntilAsync(scheduler, () => Members(scheduler, "warm", "ready").Count == 1, "there is one at last", TimeSpan.FromSeconds(5));
        Assert.Single(scheduler.Master.Live);
    }

    [Fact]
    public async Task Spare_DyingWhileItIsClaimed_CostsOnlyTime()
    {
        await using var scheduler = await ReadyAsync();
        var spare = scheduler.Master.Live[0];
        scheduler.Master.Commander = _ => null;
        scheduler.Cattle.Create("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => scheduler.Master.CallCount(Call.Types.Type.Message) > 0, "claiming");

        scheduler.Master.Update(spare.Id, TaskState.TaskFailed, message: "QEMU died");

        await scheduler.UntilAsync(() => scheduler.Cattle["1ph1"].State == "bootstrapping", "launched instead");
    }

    [Fact]
    public async Task Machine_DeletedWhileItClaims_TakesTheSpareWithIt()
    {
        await using var scheduler = await ReadyAsync();
        var spare = scheduler.Master.Live[0];
        scheduler.Master.Commander = _ => null;
        var machine = scheduler.Cattle.Create("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => scheduler.Master.CallCount(Call.Types.Type.Message) > 0, "claiming");

        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");

        await scheduler.UntilAsync(() => machine.State == "removed", "removed");
        Assert.False(spare.IsLive);
        Assert.DoesNotContain(scheduler.Master.All, t => t.Data.Kind == TaskKind.Machine);
    }

    [Fact]
    public async Task WaitingMachine_ThatSparesAreInTheWayOf_GetsTheirRoomAtOnce()
    {
        await using var scheduler = await StartAsync("3", memory: 5000);
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Count == 3, "three spares");

        await scheduler.CreateActiveAsync("1ph1", new JsonObject { ["memory"] = "2GiB" });

        // 5000 MiB hold the machine (2208) and two spares (1184 each).
        Assert.Equal(2, scheduler.Master.All.Count(t => t.IsLive && t.Data.Kind == TaskKind.Spare));
        Assert.Single(scheduler.Master.All, t => t.Data.Kind == TaskKind.Spare && !t.IsLive);
    }

    [Fact]
    public async Task WaitingMachine_WhoseRoomIsNotOfferedYet_TakesNoSecondSpare()
    {
        await using var scheduler = await StartAsync("3", memory: 5000);
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Count == 3, "three spares");
        scheduler.Master.Silent = true;

        var machine = scheduler.Cattle.Create("1ph1", new JsonObject { ["memory"] = "2GiB" });
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count < 3, "one gave way");
        var told = scheduler.Time.GetUtcNow();
        await scheduler.UntilAsync(() => scheduler.Time.GetUtcNow() - told > TimeSpan.FromSeconds(3), "turns without an offer");
        Assert.Equal(2, scheduler.Master.Live.Count);

        scheduler.Master.Silent = false;
        scheduler.Master.Offer();
        await scheduler.UntilAsync(() => machine.State == "bootstrapping", "launched");
        Assert.Equal(2, scheduler.Master.All.Count(t => t.IsLive && t.Data.Kind == TaskKind.Spare));
    }

    [Fact]
    public async Task Pool_OfAServerThatKnowsOfNone_FollowsTheSchedulersOwnOptions()
    {
        await using var scheduler = await TestScheduler.StartAsync(o => o with { Warm = "1", Templates = "off" });
        scheduler.Master.AddAgent("a1");
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 1, "a spare without a template");
        Assert.Equal(TaskKind.Spare, scheduler.Master.All.Single().Data.Kind);
    }

    [Fact]
    public async Task Pool_SwitchedOff_IsEmptied()
    {
        await using var scheduler = await ReadyAsync();
        scheduler.Cattle.Warm = "0";
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 0, "emptied");

        // Told a moment later.
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Count == 0, "told");
    }

    [Fact]
    public async Task Pool_AfterARestart_KnowsItsSpares()
    {
        await using var scheduler = await ReadyAsync();
        await scheduler.RestartAsync();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed again");
        await scheduler.CreateActiveAsync("1ph1");
        Assert.Contains(scheduler.Master.All, t => t.ClaimedAs == "uuid-1ph1");
    }

    [Fact]
    public async Task Machine_ThatIsTooLargeEvenWithoutThePool_IsToldWhatIsReallyMissing()
    {
        await using var scheduler = await StartAsync("1", memory: 5000);
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Count == 1, "a spare");
        var machine = scheduler.Cattle.Create("1ph1", new JsonObject { ["memory"] = "8GiB" });
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.Fields["waiting"]?["suggestion"] is not null, "explained");
        Assert.Contains("at most 4.9 GiB", (string?)machine.Fields["waiting"]!["reason"], StringComparison.Ordinal);
        Assert.Single(scheduler.Master.Live);
    }

    [Fact]
    public async Task Spare_OfAForgottenPool_IsKilled()
    {
        await using var scheduler = await ReadyAsync();
        var spare = scheduler.Master.Live[0];
        await scheduler.StopAsync();
        using (var store = SchedulerStore.Open(scheduler.Options.DataDirectory))
        {
            var changes = new SchedulerChanges();
            changes.ForgottenMembers.UnionWith(store.LoadMembers().Select(m => m.Id));
            store.Commit(changes);
        }

        scheduler.Start();
        await scheduler.UntilAsync(() => !spare.IsLive, "killed");
    }

    private static async Task<TestScheduler> StartAsync(string warm, double memory = 16384, Func<SchedulerOptions, SchedulerOptions>? configure = null)
    {
        var scheduler = await TestScheduler.CreateAsync(configure);
        scheduler.Cattle.Warm = warm;
        scheduler.Master.AddAgent("a1", memory: memory);
        scheduler.Start();
        await scheduler.UntilAsync(() => scheduler.Cattle is { Subscribers: 1, Pool: not null }, "subscribed to the server");
        return scheduler;
    }

    /// <summary>With one spare that waits.</summary>
    private static async Task<TestScheduler> ReadyAsync()
    {
        var scheduler = await StartAsync("1");
        await scheduler.UntilAsync(() => Members(scheduler, "warm", "ready").Count == 1, "a spare is ready");
        return scheduler;
    }

    private static Task UntilAsync(TestScheduler scheduler, Func<bool> state, string phase, TimeSpan step) => scheduler.UntilAsync(state, phase, () =>
    {
        scheduler.Time.Advance(step);
        return Task.CompletedTask;
    });

    private static IReadOnlyList<JsonObject> Members(TestScheduler scheduler, string kind, string state) =>
        [.. (scheduler.Cattle.Pool?["members"] as JsonArray ?? []).OfType<JsonObject>().Where(m => (string?)m["kind"] == kind && (string?)m["state"] == state)];

    private static bool IsMachine(TaskInfo info) => !info.TaskId.Value.StartsWith("template", StringComparison.Ordinal) && !info.TaskId.Value.StartsWith("spare", StringComparison.Ordinal);

    private static bool IsTemplate(TaskInfo info) => info.TaskId.Value.StartsWith("template", StringComparison.Ordinal);
}
