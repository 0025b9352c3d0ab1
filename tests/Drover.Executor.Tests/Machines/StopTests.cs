using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class StopTests
{
    [Theory]
    [InlineData(MachineStage.Image)]
    [InlineData(MachineStage.Disk)]
    [InlineData(MachineStage.Network)]
    public async Task Stop_WhilePreparing_CancelsAndRemoves(string stage)
    {
        var driver = new FakeDriver();
        driver.Preparing = (preparing, token) => preparing == stage ? Task.Delay(Timeout.InfiniteTimeSpan, token) : Task.CompletedTask;
        await using var lab = new SupervisorLab(driver);
        await lab.UntilStageAsync(stage);

        await lab.StopAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.Equal("remove", driver.Acts[^1]);
        Assert.DoesNotContain("power-on", driver.Acts);
    }

    [Fact]
    public async Task Stop_WhilePoweringOn_EndsTheMachineThatCameUpMeanwhile()
    {
        var goOn = new TaskCompletionSource();
        var driver = new FakeDriver { PoweringOn = _ => goOn.Task };
        await using var lab = new SupervisorLab(driver);
        await lab.UntilStageAsync(MachineStage.Boot);
        await lab.StopAsync(TimeSpan.FromMinutes(1));
        await lab.UntilPhaseAsync(MachinePhase.Stopping);
        goOn.SetResult();

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.True(driver.Exited.IsCompleted);
        Assert.Equal(["quit", "remove"], driver.Acts[^2..]);
    }

    [Fact]
    public async Task Stop_BeforeTheHostIsRegistered_DoesNotWaitForTheGuest()
    {
        await using var lab = new SupervisorLab(new FakeDriver { ObeysPowerDown = false });
        await lab.UntilStageAsync(MachineStage.Boot);
        lab.Driver.Hello();
        await lab.UntilStageAsync(MachineStage.Docker);

        await lab.StopAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.DoesNotContain("power-down", lab.Driver.Acts);
    }

    [Fact]
    public async Task Stop_GuestObeys_OnlyPowersDown()
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.RegisterAsync();
        await lab.StopAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.Equal(["power-down", "remove"], lab.Driver.Acts[^2..]);
    }

    [Fact]
    public async Task Stop_GuestIgnoresIt_QuitsAfterTheGraceThenKills()
    {
        await using var lab = new SupervisorLab(new FakeDriver { ObeysPowerDown = false, ObeysQuit = false });
        await lab.RegisterAsync();
        await lab.StopAsync(TimeSpan.FromSeconds(30));
        await lab.UntilActAsync("power-down");

        lab.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.DoesNotContain("quit", lab.Driver.Acts);
        lab.Time.Advance(TimeSpan.FromSeconds(1));
        await lab.UntilActAsync("quit");
        Assert.DoesNotContain("kill", lab.Driver.Acts);
        lab.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.Equal(["power-down", "quit", "kill", "remove"], lab.Driver.Acts[^4..]);
    }

    [Fact]
    public async Task Stop_AskedAgainWithLessGrace_TheShorterCounts()
    {
        await using var lab = new SupervisorLab(new FakeDriver { ObeysPowerDown = false });
        await lab.RegisterAsync();
        await lab.StopAsync(TimeSpan.FromHours(1));
        await lab.UntilActAsync("power-down");
        await lab.StopAsync(TimeSpan.FromSeconds(2));
        await lab.StopAsync(TimeSpan.FromHours(2));

        Assert.InRange(await lab.SecondsToEndAsync(), 2, 3599);
        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.Equal(["quit", "remove"], lab.Driver.Acts[^2..]);
    }

    [Fact]
    public async Task Stop_AfterTheEnd_ChangesNothing()
    {
        await using var lab = new SupervisorLab(new FakeDriver { Preparing = (_, _) => throw new MachineException("no") });
        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());
        var last = lab.Last;

        await lab.StopAsync(TimeSpan.Zero);

        Assert.Same(last, lab.Last);
    }

    [Fact]
    public async Task Crash_AtAnyWrite_LeavesNoMachineRunning()
    {
        var steps = new List<string>();
        await using (var whole = new SupervisorLab(new FakeDriver(), reached: steps.Add))
        {
            await whole.RegisterAsync();
            await whole.StopAsync(TimeSpan.FromSeconds(1));
            await whole.EndAsync();
        }

        Assert.Contains("machine.powered-on:before", steps);
        foreach (var step in steps)
        {
            var driver = new FakeDriver();
            await using var lab = new SupervisorLab(driver, reached: here => { if (here == step) { throw new InvalidOperationException("crash"); } });
            driver.Hello();
            driver.Say(new() { Type = Api.Agents.GuestMessage.Ready });
            _ = lab.UntilPhaseAsync(MachinePhase.Registered).ContinueWith(_ => lab.StopAsync(TimeSpan.Zero).AsTask(), TaskScheduler.Default);

            await Assert.ThrowsAsync<InvalidOperationException>(lab.EndAsync);

            Assert.True(driver.Exited.IsCompleted || !driver.Acts.Contains("power-on"), $"a machine runs on after a crash at {step}");
        }
    }
}
