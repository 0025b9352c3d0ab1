using System.Globalization;
using Drover.Api;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>What may be asked of a machine when. Pure.</summary>
internal static class CommandRules
{
    private static readonly string[] OfMachines =
    [
        MachineCommand.Stop, MachineCommand.Start, MachineCommand.Reboot, MachineCommand.Resize, MachineCommand.Limit,
        MachineCommand.Snapshot, MachineCommand.Restore, MachineCommand.RemoveSnapshot, MachineCommand.Forward, MachineCommand.Vacate, MachineCommand.Copy,
    ];

    internal static IReadOnlyList<string> Known { get; } = [MachineCommand.Claim, MachineCommand.Inspect, MachineCommand.Check, MachineCommand.Console, MachineCommand.Settle, .. OfMachines];

    /// <summary>Commands that <see cref="Commands.CommandWork"/> carries out.</summary>
    internal static bool IsOfMachines(string verb) => OfMachines.Contains(verb, StringComparer.Ordinal);

    /// <summary>Why the command is not carried out: a sentence for people. Null: it is.</summary>
    internal static string? Refusal(MachineCommand command, MachinePhase phase, MachineTask machine) => command.Verb switch
    {
        MachineCommand.Claim => RefusalOfClaim(command.Task, phase, machine),
        MachineCommand.Inspect => phase is MachinePhase.Parked or MachinePhase.Claimed or MachinePhase.Registered
            ? null
            : "The guest is not up: only one that is can be inspected.",
        MachineCommand.Check => phase == MachinePhase.Registered ? null : "The machine is not up: only a host that is can run a container.",
        MachineCommand.Console => phase is MachinePhase.Preparing
            ? "The machine is not switched on yet; its console is there from the stage boot on."
            : phase.IsFinal() || phase is MachinePhase.Stopping or MachinePhase.Freezing ? "The machine is ending." : null,
        MachineCommand.Settle => null,
        _ when IsOfMachines(command.Verb) => RefusalOfMachine(command.Verb, phase),
        _ => $"This executor does not know the command '{command.Verb}'; it knows {string.Join(", ", Known)}.",
    };

    private static string? RefusalOfMachine(string verb, MachinePhase phase) => (verb, phase) switch
    {
        (_, MachinePhase.Stopping or MachinePhase.Stopped or MachinePhase.Failed) => "The machine is ending.",
        (MachineCommand.Start, MachinePhase.Registered) => "The machine is on already.",
        (MachineCommand.Reboot, MachinePhase.Off) => "The machine is off: start it instead.",
        (_, MachinePhase.Registered or MachinePhase.Off or MachinePhase.Restarting) => null,
        _ => "The machine is not up yet.",
    };

    private static string? RefusalOfClaim(MachineTask? wanted, MachinePhase phase, MachineTask spare) =>
        wanted is null ? "The claim does not say rightly which machine the spare shall become."
        : phase is MachinePhase.Claimed or MachinePhase.Registered ? $"This spare is taken: it is the machine '{spare.Name}'."
        : spare.Kind != TaskKind.Spare ? $"This is no spare: it is the machine '{spare.Name}'."
        : phase != MachinePhase.Parked ? "This spare is not up yet, or it is ending."
        : Math.Ceiling(wanted.Cpus) != Math.Ceiling(spare.Cpus) ? Differs("CPUs", Text(spare.Cpus), Text(wanted.Cpus))
        : wanted.MemoryBytes != spare.MemoryBytes ? Differs("memory", new ByteSize(spare.MemoryBytes).ToDisplayString(), new ByteSize(wanted.MemoryBytes).ToDisplayString())
        : wanted.DiskBytes != spare.DiskBytes ? Differs("disk", new ByteSize(spare.DiskBytes).ToDisplayString(), new ByteSize(wanted.DiskBytes).ToDisplayString())
        : wanted.Image.Digest != spare.Image.Digest ? Differs("image", spare.Image.Digest, wanted.Image.Digest)
        : wanted.Network != spare.Network ? Differs("network", spare.Network, wanted.Network)
        : null;

    private static string Differs(string what, string has, string wants) => $"This spare's {what} is {has}, and the machine wants {wants}.";

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
