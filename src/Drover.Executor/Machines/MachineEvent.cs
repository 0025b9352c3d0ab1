using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>What a <see cref="MachineSupervisor"/> reacts to, one after the other.</summary>
internal abstract record MachineEvent
{
    internal sealed record Prepared(string Stage) : MachineEvent;

    internal sealed record Progressed(string Stage, string Message) : MachineEvent;

    /// <summary>The machine may be switched on.</summary>
    internal sealed record TurnCame : MachineEvent;

    internal sealed record PoweredOn(IMachine Machine) : MachineEvent;

    internal sealed record StageFailed(string Stage, string Cause, bool DisksMissing = false) : MachineEvent;

    internal sealed record StageTimedOut(string Stage, int Seconds) : MachineEvent;

    internal sealed record Said(IMachine Machine, GuestMessage Message) : MachineEvent;

    internal sealed record Commanded(MachineCommand Command) : MachineEvent;

    internal sealed record CommandEnded(CommandOutcome Outcome) : MachineEvent;

    /// <summary>A command moves the machine along its life.</summary>
    internal sealed record Switched(MachineTrigger Trigger) : MachineEvent;

    /// <summary>The machine is gone and its disks are kept.</summary>
    internal sealed record Vacated(CommandOutcome Outcome) : MachineEvent;

    /// <summary>Nothing may be removed any more, because it is known only here where the disks are: this process gives up, and who clears up after it ends the work.</summary>
    internal sealed record Broken(string Cause) : MachineEvent;

    /// <summary>The template that the task asks for is there.</summary>
    internal sealed record Frozen(string Message) : MachineEvent;

    internal sealed record StopAsked(TimeSpan Grace) : MachineEvent;

    internal sealed record Gone(string Cause) : MachineEvent;
}

/// <summary>What a <see cref="MachineSupervisor"/> tells its session.</summary>
internal sealed record MachineUpdate(MachinePhase Phase, StageReport Report);
