using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Disks;
using Drover.Executor.Consoles;
using Drover.Executor.Processes;

namespace Drover.Executor.Machines;

/// <summary>One way to have one machine: QEMU, or a simulation. A driver belongs to one task and holds what that machine uses.</summary>
/// <remarks>
/// Order: <see cref="PrepareAsync"/> for image, disk, network in this order; <see cref="PowerOnAsync"/> once; <see cref="RemoveAsync"/> at the end,
/// whatever came before, also nothing. Calls never overlap, except that <see cref="RemoveAsync"/> may follow a cancelled call.
/// <see cref="FreezeAsync"/> only with a template task, once its guest is prepared.
/// Cancelling leaves things half made for <see cref="RemoveAsync"/>. What goes wrong outside is a <see cref="MachineException"/> with a sentence for people.
/// There is no recovery: the machine's process dies with this one, and an executor is never started twice for a task.
/// </remarks>
internal interface IMachineDriver
{
    /// <summary><c>kvm</c>, <c>tcg</c> or <c>simulated</c>, with its reason; null until the image stage has chosen.</summary>
    AcceleratorChoice? Accelerator { get; }

    /// <summary>What became of the network stage; null before it, and for machines without a network of their own.</summary>
    NetworkOutcome? Connection { get; }

    /// <summary>How the machine comes up; null until the image stage has chosen. Copy or boot is the driver's own affair: where a copy does not come
    /// up, it boots instead and says so here.</summary>
    StartChoice? Start { get; }

    /// <summary>What lies beneath the machine's disk; asked for once it is powered on.</summary>
    DiskOrigin Origin { get; }

    /// <summary>The network as the guest sees it; asked for after the network stage.</summary>
    GuestNetwork Network { get; }

    /// <summary>The tap that the guest's card is plugged into, by name; null where there is none. Asked for once the machine is on.</summary>
    string? Tap { get; }

    /// <summary>Replaces the limit of the guest's network, in bytes per second each way; null: no limit. Goes with the machine.</summary>
    /// <exception cref="MachineException">The machine's network cannot be limited.</exception>
    Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken);

    /// <summary>Makes one of the stages image, disk and network ready. <paramref name="progress"/> takes sentences for people.</summary>
    Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken);

    /// <summary>Starts the machine. From here its guest may speak.</summary>
    Task<IMachine> PowerOnAsync(CancellationToken cancellationToken);

    /// <summary>A spare becomes this machine: what outside of the guest bears its name follows. <see cref="Network"/> is the machine's afterwards.</summary>
    Task AdoptAsync(MachineTask machine, CancellationToken cancellationToken);

    /// <summary>Makes a template of the machine, for others to start from; ends the machine. All or nothing, also when killed in between.</summary>
    Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken);

    /// <summary>Removes everything that the machine used, except logs. The machine is dead by now. May be called twice.</summary>
    Task RemoveAsync();
}

/// <summary>A machine that was powered on.</summary>
internal interface IMachine : IAsyncDisposable
{
    /// <summary>Which process it is; null for a machine without one.</summary>
    ProcessRecord? Process { get; }

    /// <summary>The talk with the guest's agent.</summary>
    IGuestChannel Guest { get; }

    /// <summary>Completes when the machine is gone, for whatever reason.</summary>
    Task<MachineExit> Exited { get; }

    /// <summary>What can be done with it while it is there.</summary>
    IMachineControls Controls { get; }

    /// <summary>Opens a console, a name of <see cref="ConsoleKind"/>, for one person more.</summary>
    /// <exception cref="MachineException">The machine has no such console.</exception>
    Task<IConsole> OpenConsoleAsync(string kind, CancellationToken cancellationToken);

    /// <summary>Called when the host is registered, also after it was switched off and on: from now on a reboot is the guest's own affair.</summary>
    Task SettleAsync(CancellationToken cancellationToken);

    /// <summary>Presses the power button. Returns at once; a guest that does not listen does nothing.</summary>
    Task PowerDownAsync(CancellationToken cancellationToken);

    /// <summary>Ends the machine in order, without its guest's help. Returns when told, not when gone.</summary>
    Task QuitAsync(CancellationToken cancellationToken);

    /// <summary>Ends the machine by force.</summary>
    void Kill();
}

/// <summary>How a machine ended, in a sentence for people.</summary>
internal sealed record MachineExit(string Cause);

/// <summary>What runs as the machine, found again by pid and start time.</summary>
internal sealed record ProcessRecord(int Pid, long? StartTime, string Program, IReadOnlyList<string> Arguments, string? User)
{
    internal static ProcessRecord Of(ChildProcess child, ProcessSpec spec) =>
        new(child.Pid, child.StartTime, spec.Program, spec.Arguments, spec.User is { } user ? $"{user.UserId}:{user.GroupId}" : null);
}

/// <summary>Which accelerator a machine has, and why none faster: a sentence that also says what it costs.</summary>
internal sealed record AcceleratorChoice(string Name, string Reason);

/// <summary>Which network a machine has or should have had, with its reason.</summary>
/// <param name="Name"><c>user</c>, <c>nat</c> or <c>bridge:NAME</c>.</param>
/// <param name="Address">Where others of that network reach the machine; null where nobody does or nobody knows.</param>
/// <param name="AddressInUse">The given address, with prefix, when somebody else answered for it: then the stage failed.</param>
internal sealed record NetworkOutcome(string Name, string Reason, string? Address, string? AddressInUse);

/// <summary>Something outside failed in an expected way. The message is the cause that people read.</summary>
internal class MachineException(string message, Exception? inner = null) : Exception(message, inner);
