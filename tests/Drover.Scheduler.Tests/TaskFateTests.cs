using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Scheduler.Tests.Fakes;
using Task = System.Threading.Tasks.Task;

namespace Drover.Scheduler.Tests;

/// <summary>What becomes of a machine when its task does not go the straight way.</summary>
public sealed class TaskFateTests
{
    [Fact]
    public async Task Machine_FailingBeforeItRuns_IsAnsweredWithStageCauseAndConsole()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Master.Executor = _ => (TaskState.TaskFailed, new StageReport
        {
            Stage = MachineStage.Boot, Status = StageStatus.Failed, Message = "The guest never said hello.", Console = ["Kernel panic"],
        });
        var machine = scheduler.Cattle.Create("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");

        await scheduler.UntilAsync(() => machine.State == "error", "failed");

        Assert.Equal("The guest never said hello.", machine.Message);
        Assert.Equal("boot", (string?)machine.Fields["failure"]!["stage"]);
        Assert.Equal("Kernel panic", (string?)machine.Fields["failure"]!["console"]![0]);
    }

    [Fact]
    public async Task RunningMachine_DyingLater_IsReportedByTheErrorAction()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        var machine = await scheduler.CreateActiveAsync("1ph1");

        scheduler.Master.Update("uuid-1ph1.1", TaskState.TaskFailed, message: "QEMU died");
        await scheduler.UntilAsync(() => machine.State == "error", "in error");

        Assert.Equal("QEMU died", machine.Message);
        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.State == "removed", "removed");
    }

    [Theory]
    [InlineData(TaskState.TaskDropped, Mesos.V1.TaskStatus.Types.Reason.InvalidOffers)]
    [InlineData(TaskState.TaskLost, Mesos.V1.TaskStatus.Types.Reason.InvalidOffers)]
    [InlineData(TaskState.TaskDropped, Mesos.V1.TaskStatus.Types.Reason.ExecutorTerminated)]
    public async Task Launch_RefusedByTheMaster_IsTriedAgainWithTheNextAttempt(TaskState state, Mesos.V1.TaskStatus.Types.Reason reason)
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Master.Refuse = info => info.TaskId.Value.EndsWith(".1", StringComparison.Ordinal)
            ? new Mesos.V1.TaskStatus { State = state, Reason = reason } : null;

        await scheduler.CreateActiveAsync("1ph1");

        Assert.Equal("uuid-1ph1.2", Assert.Single(scheduler.Master.Live).Id);
    }

    [Fact]
    public async Task Launch_DroppedAgainAndAgain_FailsInTheEnd()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Master.Refuse = _ => new Mesos.V1.TaskStatus { State = TaskState.TaskDropped, Reason = Mesos.V1.TaskStatus.Types.Reason.ExecutorTerminated, Message = "No such user" };
        var machine = scheduler.Cattle.Create("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");

        await scheduler.UntilAsync(() => machine.State == "error", "given up", () => { scheduler.Time.Advance(TimeSpan.FromSeconds(5)); return Task.CompletedTask; });

        Assert.Contains("No such user", machine.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machine_OnLostAgent_IsNeverReplaced()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Master.AddAgent("a2");
        await scheduler.CreateActiveAsync("1ph1");

        scheduler.Master.Say("uuid-1ph1.1", TaskState.TaskUnreachable);
        await scheduler.UntilAsync(() => scheduler.Status.Take().Tasks.Any(t => t.TaskState == "TASK_UNREACHABLE"), "lost");
        scheduler.Master.Offer();
        scheduler.Time.Advance(TimeSpan.FromHours(1));
        scheduler.Master.Say("uuid-1ph1.1", TaskState.TaskRunning);
        await scheduler.UntilAsync(() => scheduler.Status.Take().Tasks.Any(t => t.TaskState == "TASK_RUNNING"), "back");

        Assert.Single(scheduler.Master.All);
        Assert.Equal("active", scheduler.Cattle["1ph1"].State);
    }

    [Fact]
    public async Task Delete_WhileTheAgentIsLost_EndsAndTheMachineIsKilledOnReturn()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        var machine = await scheduler.CreateActiveAsync("1ph1");
        scheduler.Master.KillArrives = _ => false;
        scheduler.Master.Say("uuid-1ph1.1", TaskState.TaskUnreachable);
        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");
        await scheduler.UntilAsync(() => machine.State == "removed", "answered", () => { scheduler.Time.Advance(TimeSpan.FromSeconds(2)); return Task.CompletedTask; });
        Assert.Single(scheduler.Master.Live);

        scheduler.Master.KillArrives = _ => true;
        scheduler.Master.Say("uuid-1ph1.1", TaskState.TaskRunning, Mesos.V1.TaskStatus.Types.Reason.AgentReregistered);
        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 0, "killed");
    }

    [Fact]
    public async Task Kill_LostOnTheWay_IsSentAgain()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        scheduler.Master.AddAgent("a1");
        var machine = await scheduler.CreateActiveAsync("1ph1");
        var kills = 0;
        scheduler.Master.KillArrives = _ => ++kills > 2;
        scheduler.Cattle.Delete("1ph1");
        await scheduler.Cattle.SendAsync("1ph1");

        await scheduler.UntilAsync(() => machine.State == "removed", "removed", () => { scheduler.Time.Advance(TimeSpan.FromSeconds(1)); return Task.CompletedTask; });

        Assert.Equal(3, kills);
    }
}
