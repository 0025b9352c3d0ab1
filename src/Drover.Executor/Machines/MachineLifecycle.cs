namespace Drover.Executor.Machines;

/// <summary>Where a virtual machine is in its life.</summary>
internal enum MachinePhase
{
    /// <summary>Image, disk and network are made ready; nothing runs.</summary>
    Preparing,

    /// <summary>Power is on; the guest has not spoken.</summary>
    Booting,

    /// <summary>The guest's agent spoke; Docker starts and the agent registers.</summary>
    Docker,

    /// <summary>The agent is registered and linked: the host takes containers.</summary>
    Registered,

    /// <summary>A person stops the machine: its guest shuts down.</summary>
    Halting,

    /// <summary>Switched off by a person; the process and what the task holds stay.</summary>
    Off,

    /// <summary>Switched on again; the guest has yet to say ready.</summary>
    Restarting,

    /// <summary>Switched off for good in this task: its disks are being kept for its next one.</summary>
    Vacating,

    /// <summary>Gone, with its disks kept on the computer. Final.</summary>
    Vacated,

    /// <summary>A spare: Docker answers, and nobody owns it yet.</summary>
    Parked,

    /// <summary>A spare that somebody claimed: it got its identity and registers.</summary>
    Claimed,

    /// <summary>Docker answers, and the machine is being made a template.</summary>
    Freezing,

    /// <summary>Somebody wants it gone; the guest powers down.</summary>
    Stopping,

    /// <summary>Gone as wanted. Final.</summary>
    Stopped,

    /// <summary>Gone, or to be given up, although nobody wanted that. Final.</summary>
    Failed,

    /// <summary>The template that was asked for is there; the machine is gone. Final.</summary>
    Finished,
}

/// <summary>What moves a virtual machine from phase to phase.</summary>
internal enum MachineTrigger
{
    /// <summary>The process that is the machine runs.</summary>
    PoweredOn,

    /// <summary>The guest's agent said hello.</summary>
    Hello,

    /// <summary>The guest's agent said ready.</summary>
    Ready,

    /// <summary>The agent of a spare said parked.</summary>
    Parked,

    /// <summary>Somebody claims the spare.</summary>
    Claim,

    /// <summary>The agent of a template said prepared.</summary>
    Prepared,

    /// <summary>The template is there, made now or before.</summary>
    Frozen,

    /// <summary>A person wants the machine off.</summary>
    Halt,

    /// <summary>It is off.</summary>
    Halted,

    /// <summary>It could not be switched off.</summary>
    Unhalted,

    /// <summary>It is switched on, or reset.</summary>
    Restart,

    /// <summary>The machine is off and is to go on in another task.</summary>
    Vacate,

    /// <summary>Its disks are kept.</summary>
    Kept,

    /// <summary>A stop was asked for.</summary>
    Stop,

    /// <summary>A stage failed or took too long, the guest gave up, or the machine's process ended.</summary>
    Fail,

    /// <summary>Nothing of a machine that is being stopped runs any more.</summary>
    Gone,
}

/// <summary>The one table of a virtual machine's life.</summary>
/// <remarks>
/// <code>
/// preparing → booting → docker → registered → stopping → stopped
///     docker → parked → claimed → registered      (a spare)
///     docker → freezing → finished                (a template; preparing → finished when it exists)
///     registered → halting → off → restarting → registered      (stop, start, reboot; a reset without the middle)
///     off → vacating → vacated                    (its disks are kept for its next task)
///     any but stopping and the last ones → failed
/// </code>
/// Null means that the trigger has no meaning there and is ignored: a guest's second hello, a failure of what is being stopped anyway.
/// </remarks>
internal static class MachineLifecycle
{
    internal static MachinePhase? Next(MachinePhase phase, MachineTrigger trigger) => (phase, trigger) switch
    {
        (MachinePhase.Stopping, MachineTrigger.Gone) => MachinePhase.Stopped,
        (MachinePhase.Stopping or MachinePhase.Stopped or MachinePhase.Failed or MachinePhase.Finished or MachinePhase.Vacated, _) => null,
        (_, MachineTrigger.Stop) => MachinePhase.Stopping,
        (_, MachineTrigger.Fail) => MachinePhase.Failed,
        (MachinePhase.Preparing, MachineTrigger.PoweredOn) => MachinePhase.Booting,
        (MachinePhase.Booting, MachineTrigger.Hello) => MachinePhase.Docker,
        (MachinePhase.Docker, MachineTrigger.Ready) => MachinePhase.Registered,
        (MachinePhase.Registered or MachinePhase.Restarting, MachineTrigger.Halt) => MachinePhase.Halting,
        (MachinePhase.Halting, MachineTrigger.Halted) => MachinePhase.Off,
        (MachinePhase.Halting, MachineTrigger.Unhalted) => MachinePhase.Registered,
        (MachinePhase.Off or MachinePhase.Registered or MachinePhase.Restarting, MachineTrigger.Restart) => MachinePhase.Restarting,
        (MachinePhase.Restarting, MachineTrigger.Ready) => MachinePhase.Registered,
        (MachinePhase.Off, MachineTrigger.Vacate) => MachinePhase.Vacating,
        (MachinePhase.Vacating, MachineTrigger.Kept) => MachinePhase.Vacated,
        (MachinePhase.Docker, MachineTrigger.Parked) => MachinePhase.Parked,
        (MachinePhase.Parked, MachineTrigger.Claim) => MachinePhase.Claimed,
        (MachinePhase.Claimed, MachineTrigger.Ready) => MachinePhase.Registered,
        (MachinePhase.Docker, MachineTrigger.Prepared) => MachinePhase.Freezing,
        (MachinePhase.Preparing or MachinePhase.Freezing, MachineTrigger.Frozen) => MachinePhase.Finished,
        _ => null,
    };

    internal static bool IsFinal(this MachinePhase phase) => phase is MachinePhase.Stopped or MachinePhase.Failed or MachinePhase.Finished or MachinePhase.Vacated;
}
