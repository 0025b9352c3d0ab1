using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Task = System.Threading.Tasks.Task;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Executor.Tests.Session;

/// <summary>Templates, copies, spares and commands as the scheduler sees them, with the simulated driver.</summary>
public sealed class SpareTests : IDisposable
{
    private const string Owner = "11111111-6a0c-4d0b-9d0e-0f6f3b1c7a11";
    private readonly TestFolder folder = new();
    private readonly ExecutorOptions options = new() { SimulatedGuest = InProcessGuest.RunAsync, Log = _ => { } };
    private int sandboxes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private MachineTask Any => Tasks.Simulated(folder["state"]);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Template_IsMadeOnce_ThenMachinesAreCopies()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var cold = await EndAsync(agent, Any);
        Assert.Equal((StartWay.Cold, TemplateState.Absent), (cold.Way, cold.Template));

        var made = Report(await MakeAsync(agent));
        Assert.Equal((MachineStage.Docker, StageStatus.Done, cold.TemplateKey), (made.Stage, made.Status, made.TemplateKey));
        Assert.Equal("The template exists already.", Report(await MakeAsync(agent)).Message);

        var copy = await EndAsync(agent, Any);
        Assert.Equal((StartWay.Template, TemplateState.Used, cold.TemplateKey), (copy.Way, copy.Template, copy.TemplateKey));
    }

    [Fact]
    public async Task Template_ThatChanged_IsThrownAwayAndTheMachineBoots()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var key = Report(await MakeAsync(agent)).TemplateKey!;
        var state = Path.Combine(folder["state"], "templates", key, "state");
        var time = File.GetLastWriteTimeUtc(state);
        File.SetUnixFileMode(state, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(state, "simulateD", Token);
        File.SetLastWriteTimeUtc(state, time);

        var machine = await EndAsync(agent, Any);

        Assert.Equal((StartWay.Cold, TemplateState.Broken), (machine.Way, machine.Template));
        Assert.Contains("'state' has changed", machine.WayReason, StringComparison.Ordinal);
        Assert.Equal(TemplateState.Absent, (await EndAsync(agent, Any)).Template);
    }

    [Fact]
    public async Task StartFromCold_WithATemplate_Boots()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        await MakeAsync(agent);

        var machine = await EndAsync(agent, Any with { StartFrom = "cold" });

        Assert.Equal((StartWay.Cold, TemplateState.Off, "A cold boot was asked for."), (machine.Way, machine.Template, machine.WayReason));
    }

    [Fact]
    public async Task Spare_IsParkedThenClaimed_BecomesTheMachine()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        await MakeAsync(agent);
        var executor = await StartAsync(agent, Any with { Kind = TaskKind.Spare });
        var parked = Report(await agent.UntilAsync(TaskState.TaskRunning, Token));
        Assert.Equal((MachineStage.Docker, StageStatus.Done, StartWay.Template), (parked.Stage, parked.Status, parked.Way));
        Assert.DoesNotContain(parked.Stages, stage => stage.Stage == MachineStage.Register);

        Command(agent, "c1", MachineCommand.Claim, Claimed());
        Command(agent, "c1", MachineCommand.Claim, Claimed());
        var up = Report(await agent.UntilAsync(status => status.State == TaskState.TaskRunning && Report(status) is { Stage: MachineStage.Register, Status: StageStatus.Done }, Token));

        Assert.Equal((StartWay.Warm, 100), (up.Way, up.Progress));
        Assert.Equal([MachineStage.Register], up.Stages.Select(stage => stage.Stage));
        Assert.Equal(["c1"], up.Outcomes.Select(outcome => outcome.Id));
        Assert.True(up.Outcomes[0].Ok);

        Command(agent, "c2", MachineCommand.Claim, Claimed());
        var refused = Report(await agent.UntilAsync(status => Report(status).Outcomes.Count == 2, Token)).Outcomes[1];
        Assert.False(refused.Ok);
        Assert.Contains("'db-1'", refused.Message, StringComparison.Ordinal);
        await StopAsync(agent, executor);
        Assert.Contains(Owner, await File.ReadAllTextAsync(Path.Combine(folder[$"sandbox-{sandboxes}"], "machine.json"), Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spare_OfAnotherSize_RefusesTheClaimAndWaitsOn()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Any with { Kind = TaskKind.Spare });
        await agent.UntilAsync(TaskState.TaskRunning, Token);

        Command(agent, "c1", MachineCommand.Claim, Claimed() with { MemoryBytes = 2L << 30 });
        var refused = Report(await agent.UntilAsync(status => Report(status).Outcomes.Count == 1, Token));
        Assert.Equal((MachineStage.Docker, StageStatus.Done, false), (refused.Stage, refused.Status, refused.Outcomes[0].Ok));
        Assert.Contains("memory", refused.Outcomes[0].Message, StringComparison.Ordinal);

        Command(agent, "c2", MachineCommand.Claim, Claimed());
        await agent.UntilAsync(status => Report(status) is { Stage: MachineStage.Register, Status: StageStatus.Done }, Token);
        await StopAsync(agent, executor);
    }

    [Fact]
    public async Task Command_Unknown_IsAnsweredWithThoseThatAreKnown()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Any);
        await agent.UntilAsync(TaskState.TaskRunning, Token);
        agent.Tell("no command"u8.ToArray());
        Command(agent, "c1", "dance", null);

        var outcome = Report(await agent.UntilAsync(status => Report(status).Outcomes.Count == 1, Token)).Outcomes[0];

        Assert.False(outcome.Ok);
        Assert.Contains("'dance'; it knows claim, ", outcome.Message, StringComparison.Ordinal);
        await StopAsync(agent, executor);
    }

    [Fact]
    public async Task Inspect_OfARunningMachine_AnswersWhatTheGuestSees()
    {
        await using var agent = await StandInAgent.StartAsync(0, Token);
        var executor = await StartAsync(agent, Any);
        await agent.UntilAsync(TaskState.TaskRunning, Token);
        Command(agent, "c1", MachineCommand.Inspect, null);

        var outcome = Report(await agent.UntilAsync(status => Report(status).Outcomes.Count == 1, Token)).Outcomes[0];

        Assert.Equal("b", (string?)outcome.Data!["bootId"]);
        await StopAsync(agent, executor);
    }

    private static StageReport Report(TaskStatus status) => JsonSerializer.Deserialize(status.Data.Span, MachineJson.Default.StageReport)!;

    private static void Command(StandInAgent agent, string id, string verb, MachineTask? task) => agent.Tell(JsonSerializer.SerializeToUtf8Bytes(
        new MachineCommand { Id = id, Verb = verb, TaskId = "task-1", Task = task, Arguments = new JsonObject() }, MachineJson.Default.MachineCommand));

    private MachineTask Claimed() => Any with { ExternalId = Owner, Name = "db-1", Hostname = "db-1", MachineId = "1ph9" };

    private async Task<TaskStatus> MakeAsync(StandInAgent agent)
    {
        var executor = await StartAsync(agent, Any with { Kind = TaskKind.Template });
        var end = await agent.UntilAsync(TaskState.TaskFinished, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
        return end;
    }

    /// <summary>Runs a machine until it is up, stops it, and returns its report.</summary>
    private async Task<StageReport> EndAsync(StandInAgent agent, MachineTask task)
    {
        var executor = await StartAsync(agent, task);
        var report = Report(await agent.UntilAsync(TaskState.TaskRunning, Token));
        await StopAsync(agent, executor);
        return report;
    }

    private static async Task StopAsync(StandInAgent agent, Task<int> executor)
    {
        agent.Kill();
        await agent.UntilAsync(TaskState.TaskKilled, Token);
        Assert.Equal(ExecutorHost.Done, await executor);
    }

    private async Task<Task<int>> StartAsync(StandInAgent agent, MachineTask task)
    {
        var sandbox = folder[$"sandbox-{++sandboxes}"];
        Directory.CreateDirectory(sandbox);
        var before = agent.Subscriptions;
        var executor = Task.Run(() => ExecutorHost.RunAsync(agent.Environment(sandbox), sandbox, options, TimeProvider.System, Token), Token);
        while (agent.Subscriptions == before)
        {
            await Task.Delay(5, Token);
        }

        agent.Launch(JsonSerializer.SerializeToUtf8Bytes(task, MachineJson.Default.MachineTask));
        return executor;
    }
}
