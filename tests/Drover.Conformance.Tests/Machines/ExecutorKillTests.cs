using Drover.Api.Machines;
using Drover.Executor.Processes;
using Drover.Mesos.V1;
using Task = System.Threading.Tasks.Task;

namespace Drover.Conformance.Tests.Machines;

/// <summary>The executor as the program that a Mesos agent starts, killed as only an operating system can.</summary>
public sealed class ExecutorKillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(12);

    [Fact]
    public async Task Executor_KilledWithASimulatedMachine_TakesTheGuestWithIt()
    {
        Assert.SkipWhen(Installed.Agent is null, "There is no drover-agent: set DROVER_TEST_AGENT or build it into artifacts/drover.");
        await using var server = await StandInServer.StartAsync(null, TestContext.Current.CancellationToken);
        await KillAsync(MachineTasks.Minimal(server.RegistrationUrl) with { Accelerator = "simulated" }, killAt: TaskState.TaskRunning);
    }

    [Fact]
    [Trait("needs", "qemu")]
    public async Task Executor_KilledWithQemu_TakesQemuWithIt()
    {
        QemuRequirement.Check();
        await using var server = await StandInServer.StartAsync(Installed.Image, TestContext.Current.CancellationToken);
        await KillAsync(QemuRequirement.Complete(MachineTasks.Minimal(server.RegistrationUrl), server), killAt: TaskState.TaskStarting);
    }

    [Fact]
    [Trait("needs", "qemu")]
    public async Task Executor_ToldToShutDown_PowersQemuDownAndExits()
    {
        QemuRequirement.Check();
        await using var server = await StandInServer.StartAsync(Installed.Image, TestContext.Current.CancellationToken);
        await using var lab = await ExecutorLab.StartAsync(QemuRequirement.Complete(MachineTasks.Minimal(server.RegistrationUrl), server));
        using var limit = Limit();
        await lab.Agent.UntilAsync(TaskState.TaskRunning, limit.Token);
        lab.CheckMemory();

        lab.Agent.Shutdown();

        await lab.Agent.UntilAsync(TaskState.TaskKilled, limit.Token);
        await lab.Process.WaitForExitAsync(limit.Token);
        Assert.Equal(0, lab.Process.ExitCode);
        Assert.Empty(Directory.EnumerateFiles(lab.Sandbox).Select(Path.GetFileName).Except(["console.log", "machine.json", "qemu.log", "drover-agent"]));
        Assert.True(lab.Record!.Removed);
        Assert.Null(ProcessIdentity.StartTimeOf(lab.Record.Process!.Pid));
    }

    private static async Task KillAsync(MachineTask task, TaskState killAt)
    {
        await using var lab = await ExecutorLab.StartAsync(task);
        using var limit = Limit();
        await lab.Agent.UntilAsync(killAt, limit.Token);
        while (lab.Record?.Process is null)
        {
            await Task.Delay(10, limit.Token);
        }

        var machine = lab.Record!.Process!;
        lab.CheckMemory();
        Assert.Equal(machine.StartTime, ProcessIdentity.StartTimeOf(machine.Pid));

        lab.Process.Kill();
        await lab.Process.WaitForExitAsync(limit.Token);

        // Reaping is init's affair; what counts is that it does not run.
        while (ProcessIdentity.StartTimeOf(machine.Pid) == machine.StartTime && !IsZombie(machine.Pid))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Delay(10, limit.Token);
        }
    }

    private static bool IsZombie(int pid) => File.Exists($"/proc/{pid}/stat") && File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return limit;
    }
}
