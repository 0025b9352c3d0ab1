using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Usage;

namespace Drover.Executor.Commands;

/// <summary>What can be done with a machine that was powered on, beside ending it. The process that is the machine stays, and with it what the task holds.</summary>
/// <remarks>Calls never overlap. What goes wrong outside is a <see cref="MachineException"/> with a sentence for people; the machine is then as it was.</remarks>
internal interface IMachineControls
{
    /// <summary>Switches the machine off: asks the guest, and does it without the guest when the grace is over or there is none.</summary>
    /// <returns>Whether the guest did it itself.</returns>
    Task<bool> HaltAsync(TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Lets the machine begin anew from its firmware, whether it is off or runs.</summary>
    Task ResetAsync(CancellationToken cancellationToken);

    /// <summary>Makes the disk larger while the machine is as it is.</summary>
    Task GrowDiskAsync(long bytes, CancellationToken cancellationToken);

    /// <summary>Replaces the limits of all disks.</summary>
    Task LimitDisksAsync(MachineLimits limits, CancellationToken cancellationToken);

    /// <summary>Replaces the ports of this computer's loopback that lead into the guest.</summary>
    Task ForwardAsync(IReadOnlyList<PortForward> forwards, CancellationToken cancellationToken);

    /// <summary>Keeps the disk as it is now under a name. Of a running machine: as a power cut would leave it.</summary>
    Task SnapshotAsync(string name, CancellationToken cancellationToken);

    /// <summary>Brings the disk back to a snapshot. The machine is off.</summary>
    Task RestoreAsync(string name, CancellationToken cancellationToken);

    Task RemoveSnapshotAsync(string name, CancellationToken cancellationToken);

    /// <summary>Copies all disks as they are now, for another machine, without their snapshots.</summary>
    /// <returns>Paths in the sandbox, whose names begin with <see cref="DiskCopy.Prefix"/>, by the names that the disks have.</returns>
    Task<IReadOnlyDictionary<string, string>> CopyDisksAsync(CancellationToken cancellationToken);

    /// <summary>What went through the disks since the machine was switched on.</summary>
    Task<DiskCounters> DiskCountersAsync(CancellationToken cancellationToken);

    /// <summary>Oldest first.</summary>
    Task<IReadOnlyList<DiskSnapshot>> SnapshotsAsync(CancellationToken cancellationToken);
}

/// <param name="Created">When the disk was as the snapshot has it.</param>
internal sealed record DiskSnapshot(string Name, DateTimeOffset Created);
