using System.Diagnostics;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;

namespace Drover.Conformance.Tests.Machines;

/// <summary>What every machine driver must do, whatever it makes machines of.</summary>
public abstract partial class MachineDriverConformance
{
    /// <summary>Longer than a stage may take: a guest that hangs is told of by its machine, with the cause and the console. Four cold boots on a busy computer take four minutes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(12);

    /// <summary>Files that a machine may leave for a post-mortem.</summary>
    private static readonly string[] Logs = ["console.log", "console.log.1", "machine.json", "qemu.log", "qemu.log.1"];

    public static TheoryData<string> Stages => [MachineStage.Image, MachineStage.Disk, MachineStage.Network, MachineStage.Boot, MachineStage.Docker, MachineStage.Register];

    /// <summary>Skips the test where the driver cannot run.</summary>
    private protected abstract void Require();

    private protected abstract string? ImageFolder { get; }

    private protected abstract MachineTask Complete(MachineTask task, StandInServer server);

    private protected abstract ExecutorOptions Options { get; }

    /// <summary>A state folder that outlives the test, so that the image is fetched once per run.</summary>
    private protected abstract string? StateDirectory { get; }

    /// <summary>Images and templates of the run; null: the state folder.</summary>
    private protected virtual string? CacheDirectory => null;

    /// <summary>Makes ready what machines that need not boot are copied from.</summary>
    private protected virtual Task MakeTemplateAsync(StandInServer server, CancellationToken cancellationToken) => Task.CompletedTask;

    private protected abstract IMachineDriver NewDriver(MachineContext context);

    [Fact]
    public async Task Life_FromTaskToHostAndBack_ReportsEveryStageAndLeavesOnlyLogs()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await using var lab = NewLab(server, task => task with { StartFrom = "cold" });
        lab.Start(NewDriver(lab.Context));

        var up = await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        Assert.Equal([MachineStage.Image, MachineStage.Disk, MachineStage.Network, MachineStage.Boot, MachineStage.Docker, MachineStage.Register], up.Report.Stages.Select(stage => stage.Stage));
        Assert.All(up.Report.Stages, stage => Assert.Equal(StageStatus.Done, stage.Status));
        Assert.All(up.Report.Stages, stage => Assert.True(stage.FinishedAt >= stage.StartedAt));
        Assert.Equal(100, up.Report.Progress);
        Assert.NotNull(up.Report.Accelerator);
        Assert.Equal(lab.Context.Task.ExternalId, (await server.Linked.Task.WaitAsync(limit.Token)).Uuid);
        Assert.NotEmpty(lab.Context.Console.Tail(40));
        var process = RecordOf(lab).Process;
        Assert.True(process is null || Directory.Exists($"/proc/{process.Pid}"));

        // Long enough that only a guest that powers down by itself ends before it is over, on a busy computer too.
        var grace = TimeSpan.FromMinutes(3);
        var watch = Stopwatch.StartNew();
        await lab.StopAsync(grace);
        Assert.Equal(MachinePhase.Stopped, await lab.Life.WaitAsync(limit.Token));
        Assert.True(watch.Elapsed < grace, $"the guest did not power down by itself: {watch.Elapsed}");
        AssertNothingLeft(lab, process);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Stop_DuringAnyStage_LeavesOnlyLogs(string stage)
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await MakeTemplateAsync(server, limit.Token);
        await using var lab = NewLab(server);
        lab.Start(NewDriver(lab.Context));
        await lab.UntilStageAsync(stage, limit.Token);
        var process = RecordOf(lab).Process;

        await lab.StopAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(MachinePhase.Stopped, await lab.Life.WaitAsync(limit.Token));
        AssertNothingLeft(lab, process ?? RecordOf(lab).Process);
    }

    [Fact]
    public async Task Stop_WithoutGrace_EndsAtOnce()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await MakeTemplateAsync(server, limit.Token);
        await using var lab = NewLab(server);
        lab.Start(NewDriver(lab.Context));
        await lab.UntilStageAsync(MachineStage.Docker, limit.Token);

        await lab.StopAsync(TimeSpan.Zero);
        Assert.Equal(MachinePhase.Stopped, await lab.Life.WaitAsync(limit.Token));

        AssertNothingLeft(lab, RecordOf(lab).Process);
    }

    [Fact]
    public async Task Process_KilledFromOutside_FailsWithStageAndCause()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await using var lab = NewLab(server, task => task with { StartFrom = "cold" });
        lab.Start(NewDriver(lab.Context));
        await lab.UntilStageAsync(MachineStage.Docker, limit.Token);
        var process = RecordOf(lab).Process;
        Assert.NotNull(process);

        Process.GetProcessById(process.Pid).Kill();

        Assert.Equal(MachinePhase.Failed, await lab.Life.WaitAsync(limit.Token));
        Assert.Equal(StageStatus.Failed, lab.Last.Report.Status);
        Assert.Contains("SIGKILL", lab.Last.Report.Message, StringComparison.Ordinal);
        Assert.NotEmpty(lab.Last.Report.Console);
        Assert.NotNull(RecordOf(lab).FailedAt);
        AssertNothingLeft(lab, process);
    }

    [Fact]
    public async Task Boot_GuestNeverSpeaks_FailsWhenItsTimeIsOver()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await using var lab = NewLab(server, task => task with
        {
            StartFrom = "cold",
            Timeouts = new StageTimeouts { BootSeconds = 1 },
            Simulation = new Simulation { HangAt = MachineStage.Boot },
        });
        lab.Start(NewDriver(lab.Context));

        Assert.Equal(MachinePhase.Failed, await lab.Life.WaitAsync(limit.Token));

        Assert.Equal(MachineStage.Boot, lab.Last.Report.Stage);
        Assert.Contains("within 1 seconds", lab.Last.Report.Message, StringComparison.Ordinal);
        AssertNothingLeft(lab, RecordOf(lab).Process);
    }

    private MachineLab NewLab(StandInServer server, Func<MachineTask, MachineTask>? change = null)
    {
        var task = Complete(MachineTasks.Minimal(server.RegistrationUrl), server);
        return new MachineLab(change?.Invoke(task) ?? task, Options, StateDirectory, CacheDirectory);
    }

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return limit;
    }

    private static MachineRecord RecordOf(MachineLab lab) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(lab.Sandbox, "machine.json")), MachineRecordJson.Default.MachineRecord)!;

    private static void AssertNothingLeft(MachineLab lab, ProcessRecord? process)
    {
        Assert.Empty(lab.FilesLeft.Except(Logs));
        Assert.True(RecordOf(lab).Removed);
        Assert.True(process is null || Drover.Executor.Processes.ProcessIdentity.StartTimeOf(process.Pid) != process.StartTime, "the machine's process lives on");
    }
}
