using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class StartTurnTests
{
    [Fact]
    public async Task BootStage_WhileAllPlacesAreTaken_WaitsUnlimited_AndGoesOnWhenOneIsFree()
    {
        var ahead = new TaskCompletionSource();
        var driver = new FakeDriver { Preparing = (stage, _) => stage == MachineStage.Network ? ahead.Task : Task.CompletedTask };
        await using var lab = new SupervisorLab(driver, task => task with { Timeouts = task.Timeouts with { BootSeconds = 10 } });
        var taken = Occupy(lab);
        ahead.SetResult();

        await lab.UntilAsync(update => update.Report.Message?.StartsWith("Waiting for its turn", StringComparison.Ordinal) == true);
        for (var second = 0; second < 20; second++)
        {
            lab.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.DoesNotContain("power-on", driver.Acts);
        Assert.Equal(MachinePhase.Preparing, lab.Last.Phase);

        taken[0].Dispose();
        await lab.PassAsync(lab.UntilActAsync("power-on"));
        driver.Hello();
        driver.Say(new() { Type = GuestMessage.Ready });
        await lab.UntilPhaseAsync(MachinePhase.Registered);
        taken.ForEach(turn => turn.Dispose());
    }

    [Fact]
    public async Task Place_IsGivenBackByARegisteredMachine()
    {
        var driver = new FakeDriver();
        await using var lab = new SupervisorLab(driver);
        await lab.RegisterAsync();

        var all = Occupy(lab);

        Assert.Equal(StartTurn.Places("tcg"), all.Count);
        all.ForEach(turn => turn.Dispose());
    }

    [Fact]
    public async Task Place_OfAMachineThatHangs_IsGivenBackAfterAWhile()
    {
        var driver = new FakeDriver();
        await using var lab = new SupervisorLab(driver);
        await lab.UntilActAsync("power-on");
        var others = Occupy(lab);
        Assert.Equal(StartTurn.Places("tcg") - 1, others.Count);

        lab.Time.Advance(StartTurn.Longest);

        using var last = StartTurn.TryTake(lab.Context.StateDirectory, StartTurn.Places("tcg"), lab.Time);
        Assert.NotNull(last);
        others.ForEach(turn => turn.Dispose());
    }

    [Fact]
    public void Places_FollowTheAccelerator()
    {
        Assert.Equal(0, StartTurn.Places("simulated"));
        Assert.InRange(StartTurn.Places("tcg"), 1, int.MaxValue);
        Assert.Equal(4 * StartTurn.Places("tcg"), StartTurn.Places("kvm"));
    }

    /// <summary>All places that are free.</summary>
    private static List<StartTurn> Occupy(SupervisorLab lab)
    {
        var taken = new List<StartTurn>();
        while (StartTurn.TryTake(lab.Context.StateDirectory, StartTurn.Places("tcg"), lab.Time) is { } turn)
        {
            taken.Add(turn);
        }

        return taken;
    }
}
