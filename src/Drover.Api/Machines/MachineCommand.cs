using System.Text.Json.Nodes;

namespace Drover.Api.Machines;

/// <summary>What the scheduler tells a running executor: the data of a framework <c>MESSAGE</c>, as JSON of <see cref="MachineJson"/>.</summary>
/// <remarks>Mesos may lose or double messages. The scheduler stores a command before it sends it, and sends it again until an outcome with the
/// same <see cref="Id"/> stands in a status update; the executor carries each id out once and repeats the outcome of one it knows.</remarks>
public sealed record MachineCommand
{
    /// <summary>Makes a spare a machine: with <see cref="Task"/>.</summary>
    public const string Claim = "claim";

    /// <summary>What the guest sees of itself, as <see cref="CommandOutcome.Data"/>: <c>bootId</c>, <c>machineId</c>, <c>engineId</c> and more. With the
    /// argument <c>container</c> a container is made (<c>create</c>), made and left there (<c>keep</c>), or made and run (<c>run</c>), which takes its time. With <c>fill</c> and <c>trim</c> instead a file of 64 MiB is written and removed.</summary>
    public const string Inspect = "inspect";

    /// <summary>Switches a machine off; its task and what it holds stay. With <c>force: true</c> the guest is not asked.</summary>
    public const string Stop = "stop";

    /// <summary>Switches a stopped machine on.</summary>
    public const string Start = "start";

    /// <summary>Off and on; the disk stays. With <c>force: true</c> at once.</summary>
    public const string Reboot = "reboot";

    /// <summary>Switches the machine off, keeps its disks on its computer for its next task (<see cref="MachineTask.Kept"/>), and ends its task.</summary>
    public const string Vacate = "vacate";

    /// <summary>To the task that started from kept disks: they are its own now, and nobody else will start from them.</summary>
    public const string Settle = "settle";

    /// <summary>Keeps a copy of the disk on this computer for another machine's first task: <c>to</c> is that one's external id, <c>machineId</c> and
    /// <c>name</c> say whose it is. Of a running machine: as a power cut would leave it.</summary>
    public const string Copy = "copy";

    /// <summary>Makes the disk larger: <c>disk</c> is the new size in bytes.</summary>
    public const string Resize = "resize";

    /// <summary>Replaces the limits of disks and network: <c>diskOperations</c>, <c>diskBytes</c>, <c>networkBytes</c> as in <see cref="MachineLimits"/>. Answers <c>limits</c>.</summary>
    public const string Limit = "limit";

    /// <summary>Replaces the ports of the computer's loopback that lead into the guest: <c>ports</c>, texts of the form <c>8080:80</c>. Answers <c>ports</c>.</summary>
    public const string Forward = "forward";

    /// <summary>Keeps the disk as it is now: <c>name</c>. Answers <c>snapshots</c>, as do the two that follow.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>Brings the disk back to the snapshot <c>name</c>; a running machine is switched off for it and on again.</summary>
    public const string Restore = "restore";

    /// <summary>Forgets the snapshot <c>name</c>.</summary>
    public const string RemoveSnapshot = "removesnapshot";

    /// <summary>Has the guest run a container from start to end. Answers <c>check</c>: at, seconds, containerId, engineId.</summary>
    public const string Check = "check";

    /// <summary>Opens a way to a console: the executor dials the WebSocket <c>url</c> with the bearer token <c>secret</c> and joins it to the console of
    /// <c>kind</c>, a name of <see cref="ConsoleKind"/>. Carried out once the way stands; nobody wants it later.</summary>
    public const string Console = "console";

    /// <summary>Unique among the commands of a task.</summary>
    public required string Id { get; init; }

    /// <summary>One of the constants above; others are answered with a failure that names the ones that are known.</summary>
    public required string Verb { get; init; }

    /// <summary>The Mesos task that is meant.</summary>
    public required string TaskId { get; init; }

    /// <summary>With <see cref="Claim"/>: the machine that the spare becomes, in full. Size, image and network are those of the spare.</summary>
    public MachineTask? Task { get; init; }

    /// <summary>What the verb needs beside that.</summary>
    public JsonObject? Arguments { get; init; }
}

/// <summary>How a command ended; part of every later <see cref="StageReport"/>.</summary>
public sealed record CommandOutcome
{
    public required string Id { get; init; }

    public required bool Ok { get; init; }

    /// <summary>A sentence for people; with a failure, the cause.</summary>
    public string? Message { get; init; }

    /// <summary>What the verb answers.</summary>
    public JsonObject? Data { get; init; }
}
