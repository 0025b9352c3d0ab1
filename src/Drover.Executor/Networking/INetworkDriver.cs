using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Networking;

/// <summary>One way to connect a guest. Belongs to one machine.</summary>
/// <remarks><see cref="PrepareAsync"/> once before the machine is switched on, <see cref="RemoveAsync"/> after its end, also twice and also
/// when nothing was prepared. What it makes outside this process is written down before and is found again by the machine's external id.</remarks>
internal interface INetworkDriver
{
    /// <summary>Which network it is, and why.</summary>
    NetworkChoice Choice { get; }

    /// <summary>Makes ready what the guest's cards are plugged into.</summary>
    /// <param name="progress">Takes sentences for people, above all what was changed on the computer.</param>
    /// <exception cref="MachineException">It cannot be had on this computer; the message says what to change.</exception>
    Task<NetworkPort> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken);

    /// <summary>A spare that was prepared becomes <paramref name="machine"/>: its names and hardware addresses follow.</summary>
    Task<NetworkPort> AdoptAsync(MachineTask machine, CancellationToken cancellationToken);

    Task RemoveAsync();
}

/// <summary>Which network a machine has, and why: a sentence that also says what it cannot do.</summary>
/// <param name="Name"><c>user</c>, <c>nat</c> or <c>bridge:NAME</c>.</param>
internal sealed record NetworkChoice(string Name, string Reason);
