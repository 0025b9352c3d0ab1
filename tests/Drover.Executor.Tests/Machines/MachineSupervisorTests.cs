using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class MachineSupervisorTests
{
    [Fact]
    public async Task Run_GuestSpeaksAndRegisters_ReportsStagesInOrder()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.RegisterAsync();
        await lab.UntilActAsync("settle");

        Assert.Equal(["image", "disk", "network", "boot", "docker", "register"], lab.Last.Report.Stages.Select(stage => stage.Stage));
        Assert.All(lab.Last.Report.Stages, stage => Assert.Equal(StageStatus.Done, stage.Status));
        Assert.Equal(["image", "disk", "network", "power-on", "told identity", "settle"], lab.Driver.Acts);
    }

    [Fact]
    public async Task Hello_IsAnsweredWithIdentityAsTheGuestSeesIt()
    {
        await using var lab = new SupervisorLab(new FakeDriver(), task => task with { Labels = new Dictionary<string, string> { ["tier"] = "web" } });
        await lab.UntilStageAsync(MachineStage.Boot);
        lab.Driver.Hello();

        var told = (await lab.Driver.Told.Task.WaitAsync(TestContext.Current.CancellationToken)).Guest!;

        Assert.Equal(lab.Context.Task.ExternalId, told.MachineUuid);
        Assert.Equal("http://10.0.2.2:8080/v1/scripts/T0KEN", told.RegistrationUrl);
        Assert.Equal("10.0.2.15/24", told.Address);
        Assert.Equal("web", told.Labels["tier"]);
        Assert.Equal(lab.Time.GetUtcNow().ToUnixTimeMilliseconds(), told.ClockMilliseconds);
        Assert.Equal(64, Convert.FromBase64String(told.Entropy!).Length);
    }

    [Fact]
    public async Task Hello_OfAnotherProtocol_FailsAndNamesIt()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.UntilStageAsync(MachineStage.Boot);
        lab.Driver.Say(new GuestMessage { Type = GuestMessage.Hello, Protocol = 7, Version = "9.9" });

        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());

        Assert.Contains("protocol 7", lab.Last.Report.Message, StringComparison.Ordinal);
        Assert.Contains("9.9", lab.Last.Report.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MachineStage.Image, 11)]
    [InlineData(MachineStage.Disk, 12)]
    [InlineData(MachineStage.Network, 13)]
    [InlineData(MachineStage.Boot, 14)]
    [InlineData(MachineStage.Docker, 15)]
    [InlineData(MachineStage.Register, 16)]
    public async Task Stage_LongerThanItsTime_FailsThenAndNotBefore(string stage, int seconds)
    {
        var driver = new FakeDriver();
        driver.Preparing = (preparing, token) => preparing == stage ? Task.Delay(Timeout.InfiniteTimeSpan, token) : Task.CompletedTask;
        var timeouts = new StageTimeouts { ImageSeconds = 11, DiskSeconds = 12, NetworkSeconds = 13, BootSeconds = 14, DockerSeconds = 15, RegisterSeconds = 16 };
        await using var lab = new SupervisorLab(driver, task => task with { Timeouts = timeouts });
        if (stage is MachineStage.Docker or MachineStage.Register)
        {
            await lab.UntilStageAsync(MachineStage.Boot);
            driver.Hello();
        }

        if (stage == MachineStage.Register)
        {
            driver.Say(new GuestMessage { Type = GuestMessage.Stage, StageName = MachineStage.Register });
        }

        await lab.UntilStageAsync(stage);
        lab.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(lab.Life.IsCompleted);
        lab.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());
        Assert.Equal(stage, lab.Last.Report.Stage);
        Assert.Contains($"within {seconds} seconds", lab.Last.Report.Message, StringComparison.Ordinal);
        Assert.Equal("remove", driver.Acts[^1]);
    }

    [Fact]
    public async Task Registered_LongAfterAllTimes_LivesOn()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.RegisterAsync();

        lab.Time.Advance(TimeSpan.FromDays(30));
        await lab.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
    }

    [Fact]
    public async Task Preparation_Fails_ReportsItsCauseAndRemoves()
    {
        var driver = new FakeDriver { Preparing = (stage, _) => stage == MachineStage.Disk ? throw new MachineException("no room") : Task.CompletedTask };
        await using var lab = new SupervisorLab(driver);
        lab.Context.Console.AppendLine("last words");

        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());

        Assert.Equal((MachineStage.Disk, StageStatus.Failed, "no room"), (lab.Last.Report.Stage, lab.Last.Report.Status, lab.Last.Report.Message));
        Assert.Equal(["image", "disk", "remove"], driver.Acts);
        Assert.Equal(["last words"], lab.Last.Report.Console);
    }

    [Fact]
    public async Task Machine_EndsByItself_FailsWithItsCause()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.RegisterAsync();
        lab.Driver.End("QEMU died: killed by signal 9 (SIGKILL).");

        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());

        Assert.Equal((StageStatus.Failed, "QEMU died: killed by signal 9 (SIGKILL)."), (lab.Last.Report.Status, lab.Last.Report.Message));
    }

    [Fact]
    public async Task Guest_GivesUp_FailsWithItsReason()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.UntilStageAsync(MachineStage.Boot);
        lab.Driver.Hello();
        lab.Driver.Say(new GuestMessage { Type = GuestMessage.Failure, StageName = MachineStage.Docker, Message = "dockerd exited with 1" });

        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());

        Assert.Equal(MachineStage.Docker, lab.Last.Report.Stage);
        Assert.Contains("dockerd exited with 1", lab.Last.Report.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guest_TalksTooMuch_IsReportedOncePerSecond()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.UntilStageAsync(MachineStage.Boot);
        lab.Driver.Hello();
        for (var i = 0; i < 500; i++)
        {
            lab.Driver.Say(new GuestMessage { Type = GuestMessage.Stage, StageName = MachineStage.Docker, Message = $"line {i} {new string('x', 2000)}" });
        }

        lab.Driver.Say(new GuestMessage { Type = GuestMessage.Ready });
        await lab.UntilPhaseAsync(MachinePhase.Registered);

        Assert.All(lab.Last.Report.Stages, stage => Assert.True(stage.Message!.Length <= 500));
        Assert.InRange(lab.Reports, 6, 10);
    }
}
