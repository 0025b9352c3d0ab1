using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Machines;
using Drover.Executor.Tests.Machines;

namespace Drover.Executor.Tests.Commands;

/// <summary>What a person asks of a machine that is there, with a fake machine and fake time.</summary>
public sealed class CommandWorkTests : IAsyncDisposable
{
    private readonly FakeDriver _driver = new();

    public ValueTask DisposeAsync() => _driver.DisposeAsync();

    [Fact]
    public async Task Stop_GoesOff_AndTheMachineIsThenEndedWithoutAskingItsGuest()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        Assert.Equal("The guest shut down.", (await lab.CommandAsync(MachineCommand.Stop)).Message);
        Assert.Equal(MachinePhase.Off, lab.Last.Phase);
        await lab.StopAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
        Assert.DoesNotContain("power-down", _driver.Acts);
    }

    [Fact]
    public async Task Start_IsAnsweredWhenTheGuestIsReady()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        await lab.CommandAsync(MachineCommand.Stop);
        var starting = lab.CommandAsync(MachineCommand.Start);
        await lab.UntilSwitchAsync("reset");
        Assert.False(starting.IsCompleted);
        _driver.Hello();
        _driver.Say(new GuestMessage { Type = GuestMessage.Ready });
        Assert.True((await starting).Ok);
        Assert.Equal(MachinePhase.Registered, lab.Last.Phase);
    }

    [Fact]
    public async Task Reboot_OfAGuestThatDoesNotComeBack_FailsAfterItsTime_AndMayBeTriedAgain()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        var rebooting = lab.CommandAsync(MachineCommand.Reboot);
        await lab.UntilSwitchAsync("reset");
        lab.Time.Advance(TimeSpan.FromSeconds(719));
        Assert.False(rebooting.IsCompleted);
        lab.Time.Advance(TimeSpan.FromSeconds(2));
        var outcome = await rebooting;
        Assert.False(outcome.Ok);
        Assert.Contains("did not come back within 720 seconds", outcome.Message!, StringComparison.Ordinal);
        Assert.Equal(MachinePhase.Restarting, lab.Last.Phase);
        Assert.True((await lab.CommandAsync(MachineCommand.Stop, force: true)).Ok);
        Assert.Equal(MachinePhase.Off, lab.Last.Phase);
    }

    [Fact]
    public async Task Stop_OfAGuestThatDoesNotListen_SaysThatItWasSwitchedOff()
    {
        _driver.Switches.ObeysPowerButton = false;
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        Assert.Contains("and was switched off", (await lab.CommandAsync(MachineCommand.Stop)).Message!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_ThatTheMonitorRefuses_LeavesTheMachineOn()
    {
        _driver.Switches.Acting = (_, _) => throw new MachineException("QEMU refused: no.");
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        var outcome = await lab.CommandAsync(MachineCommand.Stop);
        Assert.Equal((false, "QEMU refused: no."), (outcome.Ok, outcome.Message));
        Assert.Equal(MachinePhase.Registered, lab.Last.Phase);
    }

    [Fact]
    public async Task Restore_SwitchesOffBringsBackAndSwitchesOn()
    {
        _driver.Switches.Snapshots.Add(new DiskSnapshot("before", DateTimeOffset.UnixEpoch));
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        var restoring = lab.CommandAsync(MachineCommand.Restore, new JsonObject { ["name"] = "before" });
        await lab.UntilSwitchAsync("reset");
        _driver.Say(new GuestMessage { Type = GuestMessage.Ready });
        Assert.True((await restoring).Ok);
        Assert.Equal(["halt", "restore before", "reset"], _driver.Switches.Acts);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("-a")]
    [InlineData("")]
    [InlineData("a,b")]
    public async Task Snapshot_WithANameThatIsNone_IsRefused(string name)
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        Assert.False((await lab.CommandAsync(MachineCommand.Snapshot, new JsonObject { ["name"] = name })).Ok);
        Assert.Empty(_driver.Switches.Acts);
    }

    [Fact]
    public async Task Command_WhileAnotherIsCarriedOut_IsRefused_AndADoubledOneIsCarriedOutOnce()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        var rebooting = lab.CommandAsync(MachineCommand.Reboot, force: true);
        await lab.UntilSwitchAsync("reset");
        Assert.Contains("Another command", (await lab.CommandAsync(MachineCommand.Snapshot, new JsonObject { ["name"] = "a" })).Message!, StringComparison.Ordinal);
        _driver.Say(new GuestMessage { Type = GuestMessage.Ready });
        Assert.True((await rebooting).Ok);
        Assert.Equal(["reset"], _driver.Switches.Acts);
    }

    [Fact]
    public async Task Machine_ThatDiesDuringACommand_FailsAsAlways()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        _ = lab.CommandAsync(MachineCommand.Reboot);
        await lab.UntilSwitchAsync("reset");
        _driver.End("QEMU died: signal 9.");
        Assert.Equal(MachinePhase.Failed, await lab.EndAsync());
        Assert.Contains("signal 9", lab.Last.Report.Message!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kill_DuringACommand_EndsTheMachine()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        _ = lab.CommandAsync(MachineCommand.Reboot);
        await lab.UntilSwitchAsync("reset");
        await lab.StopAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(MachinePhase.Stopped, await lab.EndAsync());
    }

    [Fact]
    public async Task Command_BeforeTheMachineIsUp_IsRefused()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.UntilStageAsync(MachineStage.Boot);
        Assert.Equal("The machine is not up yet.", (await lab.CommandAsync(MachineCommand.Stop)).Message);
    }

    [Fact]
    public async Task Resize_GrowsTheDiskAndTellsTheGuest()
    {
        await using var lab = new SupervisorLab(_driver);
        await lab.RegisterAsync();
        Assert.True((await lab.CommandAsync(MachineCommand.Resize, new JsonObject { ["disk"] = 20L << 30 })).Ok);
        Assert.Equal([$"grow {20L << 30}"], _driver.Switches.Acts);
        Assert.False((await lab.CommandAsync(MachineCommand.Resize, new JsonObject { ["disk"] = "big" })).Ok);
    }
}
