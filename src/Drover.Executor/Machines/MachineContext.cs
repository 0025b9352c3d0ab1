using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>What a driver needs to know about the machine it makes.</summary>
internal sealed record MachineContext
{
    /// <summary>What the machine is to be. Changes once for a spare, when it is claimed: <see cref="Become"/>.</summary>
    public required MachineTask Task { get; set; }

    /// <summary>The Mesos task.</summary>
    public string TaskId { get; init; } = "";

    /// <summary>The folder of this machine alone.</summary>
    public required string Sandbox { get; init; }

    /// <summary>The folder that executors of this computer share.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The folder for images and templates: the state folder, unless instances share another.</summary>
    public string CacheDirectory { get => field ?? StateDirectory; init; }

    public required ExecutorOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary><c>console.log</c>.</summary>
    public required RingLog Console { get; init; }

    /// <summary>Makes a spare somebody's machine. What is plugged in stays as it was made: card, disk, QEMU's own names.</summary>
    public void Become(MachineTask claimed) => Task = claimed with { Kind = TaskKind.Machine };
}
