using System.Text.Json;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Testing;
using Task = System.Threading.Tasks.Task;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Executor.Tests.Session;

public sealed class ExecutorSessionTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ExecutorOptions options = new() { SimulatedGuest = InProcessGuest.RunAsync, Log = _ => { } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launch_ThenKill_ReportsStartingRunningKilledAndExits()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]));

        var starting = await agent.UntilAsync(TaskState.TaskStarting, Token);
        Assert.Equal(MachineStage.Image, Report(starting).Stage);
        var running = await agent.UntilAsync(TaskState.TaskRunning, Token);
        Assert.Equal((100, "simulated", "linked"), (Report(running).Progress, Report(running).Accelerator, running.Message));
        Assert.Equal(6, Report(running).Stages.Count);
        agent.Kill();
        await agent.UntilAsync(TaskState.TaskKilled, Token);

        Assert.Equal(ExecutorHost.Done, await executor);
        Assert.Equal(["console.log", "machine.json", "state"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(MachineStage.Image)]
    [InlineData(MachineStage.Disk)]
    [InlineData(MachineStage.Network)]
    [InlineData(MachineStage.Boot)]
    [InlineData(MachineStage.Docker)]
    [InlineData(MachineStage.Register)]
    public async Task Launch_StageFails_IsFailedWithStageCauseAndConsole(string stage)
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]) with { Simulation = new Simulation { FailAt = stage } });

        var failed = await agent.UntilAsync(TaskState.TaskFailed, Token);

        Assert.Equal((stage, StageStatus.Failed), (Report(failed).Stage, Report(failed).Status));
        Assert.Contains($"simulated failure at {stage}", failed.Message, StringComparison.Ordinal);
        Assert.Equal(stage is MachineStage.Image or MachineStage.Disk or MachineStage.Network ? 1 : 2, Math.Min(2, Report(failed).Console.Count));
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Machine_DiesWhileRunning_IsFailed()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]) with { Simulation = new Simulation { ExitAfterMilliseconds = 1 } });

        await agent.UntilAsync(TaskState.TaskRunning, Token);
        await agent.UntilAsync(TaskState.TaskFailed, Token);

        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Launch_WrongTask_IsFailedAsInvalid()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = StartAsync(agent);
        await agent.Subscribed.Task.WaitAsync(Token);
        agent.Launch("{\"version\":99}"u8.ToArray());

        var failed = await agent.UntilAsync(TaskState.TaskFailed, Token);

        Assert.Equal(TaskStatus.Types.Reason.TaskInvalid, failed.Reason);
        Assert.Contains("version 99", failed.Message, StringComparison.Ordinal);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Launch_SecondTask_IsRefusedAndTheFirstLivesOn()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var task = Tasks.Simulated(folder["state"]);
        var executor = await StartAsync(agent, task);
        await agent.UntilAsync(TaskState.TaskRunning, Token);
        agent.Launch(Json(task), "task-2");
        agent.Launch(Json(task), "task-1");

        var refused = await agent.UntilAsync(status => status.TaskId.Value == "task-2", Token);

        Assert.Equal((TaskState.TaskFailed, TaskStatus.Types.Reason.TaskInvalid), (refused.State, refused.Reason));
        Assert.False(executor.IsCompleted);
        agent.Shutdown();
        await agent.UntilAsync(status => status is { State: TaskState.TaskKilled, TaskId.Value: "task-1" }, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Kill_OfAnotherTask_ChangesNothing()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]));
        await agent.UntilAsync(TaskState.TaskRunning, Token);
        agent.Kill("task-9");
        agent.Kill();
        agent.Kill();

        await agent.UntilAsync(TaskState.TaskKilled, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Shutdown_BeforeAnyTask_Exits()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = StartAsync(agent);
        await agent.Subscribed.Task.WaitAsync(Token);
        agent.Shutdown();

        Assert.Equal(ExecutorHost.Done, await executor.WaitAsync(TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task Agent_RestartsWhileTheMachineRuns_FindsItAgain()
    {
        var port = TestPort.Take();
        var first = await StandInAgent.StartAsync(port, Token);
        var executor = await StartAsync(first, Tasks.Simulated(folder["state"]));
        await first.UntilAsync(TaskState.TaskRunning, Token);
        await first.DisposeAsync();

        await using var second = await StandInAgent.StartAsync(port, Token);
        await second.Subscribed.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.False(executor.IsCompleted);
        second.Kill();

        await second.UntilAsync(TaskState.TaskKilled, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task LastUpdate_NeverAcknowledged_ExitsAfterABoundedWait()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        agent.Acknowledges = false;
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]) with { Simulation = new Simulation { FailAt = MachineStage.Disk } }, options with { AcknowledgementTime = TimeSpan.FromMilliseconds(50) });

        // Whether the update was even sent in that time is not said: on a busy computer it may not have been.
        Assert.Equal(ExecutorHost.AgentLost, await executor.WaitAsync(TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task Cancelled_PowersTheMachineDownAndReportsIt()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]), cancellationToken: cancel.Token);
        await agent.UntilAsync(TaskState.TaskRunning, Token);
        await cancel.CancelAsync();

        await agent.UntilAsync(TaskState.TaskKilled, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    [Fact]
    public async Task Crash_AtAWrite_EndsWithoutALastWord()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Tasks.Simulated(folder["state"]), options with { Reached = step => { if (step == "machine.powered-on:after") { throw new InvalidOperationException("crash"); } } });

        await Assert.ThrowsAsync<InvalidOperationException>(() => executor);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await agent.UntilAsync(status => status.State is TaskState.TaskFailed or TaskState.TaskKilled, soon.Token);
        });
    }

    public void Dispose() => folder.Dispose();

    private Task<int> StartAsync(StandInAgent agent, ExecutorOptions? other = null, CancellationToken? cancellationToken = null) =>
        ExecutorHost.RunAsync(agent.Environment(folder.Path), folder.Path, other ?? options, TimeProvider.System, cancellationToken ?? Token);

    private async Task<Task<int>> StartAsync(StandInAgent agent, MachineTask task, ExecutorOptions? other = null, CancellationToken? cancellationToken = null)
    {
        var executor = StartAsync(agent, other, cancellationToken);
        await agent.Subscribed.Task.WaitAsync(Token);
        agent.Launch(Json(task));
        return executor;
    }

    private static byte[] Json(MachineTask task) => JsonSerializer.SerializeToUtf8Bytes(task, MachineJson.Default.MachineTask);

    private static StageReport Report(TaskStatus status) => JsonSerializer.Deserialize(status.Data.Span, MachineJson.Default.StageReport)!;
}
