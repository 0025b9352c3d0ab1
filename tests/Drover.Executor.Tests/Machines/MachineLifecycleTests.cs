using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class MachineLifecycleTests
{
    private static readonly MachinePhase[] Living = [MachinePhase.Preparing, MachinePhase.Booting, MachinePhase.Docker, MachinePhase.Registered, MachinePhase.Parked, MachinePhase.Claimed, MachinePhase.Freezing, MachinePhase.Halting, MachinePhase.Off, MachinePhase.Restarting, MachinePhase.Vacating];

    /// <summary>Every move that has a meaning; all other pairs have none.</summary>
    private static readonly Dictionary<(MachinePhase, MachineTrigger), MachinePhase> Moves = new(
    [
        new((MachinePhase.Preparing, MachineTrigger.PoweredOn), MachinePhase.Booting),
        new((MachinePhase.Booting, MachineTrigger.Hello), MachinePhase.Docker),
        new((MachinePhase.Docker, MachineTrigger.Ready), MachinePhase.Registered),
        new((MachinePhase.Docker, MachineTrigger.Parked), MachinePhase.Parked),
        new((MachinePhase.Parked, MachineTrigger.Claim), MachinePhase.Claimed),
        new((MachinePhase.Claimed, MachineTrigger.Ready), MachinePhase.Registered),
        new((MachinePhase.Docker, MachineTrigger.Prepared), MachinePhase.Freezing),
        new((MachinePhase.Freezing, MachineTrigger.Frozen), MachinePhase.Finished),
        new((MachinePhase.Preparing, MachineTrigger.Frozen), MachinePhase.Finished),
        new((MachinePhase.Registered, MachineTrigger.Halt), MachinePhase.Halting),
        new((MachinePhase.Restarting, MachineTrigger.Halt), MachinePhase.Halting),
        new((MachinePhase.Halting, MachineTrigger.Halted), MachinePhase.Off),
        new((MachinePhase.Halting, MachineTrigger.Unhalted), MachinePhase.Registered),
        new((MachinePhase.Off, MachineTrigger.Restart), MachinePhase.Restarting),
        new((MachinePhase.Registered, MachineTrigger.Restart), MachinePhase.Restarting),
        new((MachinePhase.Restarting, MachineTrigger.Restart), MachinePhase.Restarting),
        new((MachinePhase.Restarting, MachineTrigger.Ready), MachinePhase.Registered),
        new((MachinePhase.Off, MachineTrigger.Vacate), MachinePhase.Vacating),
        new((MachinePhase.Vacating, MachineTrigger.Kept), MachinePhase.Vacated),
        new((MachinePhase.Stopping, MachineTrigger.Gone), MachinePhase.Stopped),
        .. Living.Select(phase => KeyValuePair.Create((phase, MachineTrigger.Stop), MachinePhase.Stopping)),
        .. Living.Select(phase => KeyValuePair.Create((phase, MachineTrigger.Fail), MachinePhase.Failed)),
    ]);

    [Fact]
    public void Next_EveryPair_IsAsTheTableSays()
    {
        foreach (var phase in Enum.GetValues<MachinePhase>())
        {
            foreach (var trigger in Enum.GetValues<MachineTrigger>())
            {
                MachinePhase? expected = Moves.TryGetValue((phase, trigger), out var next) ? next : null;
                Assert.True(expected == MachineLifecycle.Next(phase, trigger), $"({phase}, {trigger}) → {MachineLifecycle.Next(phase, trigger)} instead of {expected}");
            }
        }
    }

    [Fact]
    public void IsFinal_EndsHaveNoWayOut()
    {
        foreach (var phase in Enum.GetValues<MachinePhase>())
        {
            var exits = Enum.GetValues<MachineTrigger>().Count(trigger => MachineLifecycle.Next(phase, trigger) is not null);
            Assert.Equal(exits == 0, phase.IsFinal());
        }
    }
}
