namespace Drover.Api.Machines;

/// <summary>The steps from a request to a registered host, in order. Their names are on the wire, in the page and in the figures.</summary>
public static class MachineStage
{
    /// <summary>Waiting for an offer of the cluster. Kept by the scheduler.</summary>
    public const string Queue = "queue";

    /// <summary>From the stored intent until the executor's first word. Kept by the scheduler.</summary>
    public const string Launch = "launch";

    /// <summary>The guest image gets into the agent machine's cache and is verified; the accelerator is probed. Kept by the executor, as are all that follow.</summary>
    public const string Image = "image";

    /// <summary>The copy-on-write disk.</summary>
    public const string Disk = "disk";

    /// <summary>The network card, its address and forwards.</summary>
    public const string Network = "network";

    /// <summary>QEMU's start until the guest's agent says hello.</summary>
    public const string Boot = "boot";

    /// <summary>Until Docker in the guest answers.</summary>
    public const string Docker = "docker";

    /// <summary>Until the agent has registered and its link to the server stands.</summary>
    public const string Register = "register";

    public static IReadOnlyList<string> All { get; } = [Queue, Launch, Image, Disk, Network, Boot, Docker, Register];

    /// <summary>Share of the whole that is done when this stage begins, in percent: a hint for progress bars.</summary>
    public static int ProgressAtStart(string stage) => stage switch
    {
        Queue => 0,
        Launch => 5,
        Image => 10,
        Disk => 20,
        Network => 22,
        Boot => 25,
        Docker => 55,
        Register => 95,
        _ => 0,
    };
}

/// <summary>How far one stage is.</summary>
public static class StageStatus
{
    public const string Running = "running";
    public const string Done = "done";
    public const string Failed = "failed";
}

/// <summary>One stage as it is stored on the machine and shown: when it began, when it ended, and what it last said.</summary>
public sealed record StageRecord
{
    /// <summary>A name of <see cref="MachineStage"/>.</summary>
    public required string Stage { get; init; }

    /// <summary>A name of <see cref="StageStatus"/>.</summary>
    public required string Status { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public string? Message { get; init; }
}

/// <summary>What the executor tells the scheduler: <c>TaskStatus.data</c> of every update, as JSON of <see cref="MachineJson"/>.</summary>
public sealed record StageReport
{
    /// <summary>The stage this report is about.</summary>
    public required string Stage { get; init; }

    public required string Status { get; init; }

    /// <summary>A sentence for people; the same text is <c>TaskStatus.message</c>.</summary>
    public string? Message { get; init; }

    /// <summary>0 to 100 of the whole road.</summary>
    public int? Progress { get; init; }

    /// <summary>All stages of the executor up to now, so that a lost or merged update loses nothing.</summary>
    public IReadOnlyList<StageRecord> Stages { get; set; } = [];

    /// <summary><c>kvm</c>, <c>tcg</c> or <c>simulated</c>, once chosen.</summary>
    public string? Accelerator { get; init; }

    /// <summary>Why that accelerator and no faster one.</summary>
    public string? AcceleratorReason { get; init; }

    /// <summary><c>user</c>, <c>nat</c> or <c>bridge:NAME</c>, once chosen.</summary>
    public string? Network { get; init; }

    /// <summary>Why that network, and what it changed on its computer: a sentence for people.</summary>
    public string? NetworkReason { get; init; }

    /// <summary>The machine's address on that network, where others reach it; null where nobody does or nobody knows.</summary>
    public string? NetworkAddress { get; init; }

    /// <summary>With a failure at the network: the address of <see cref="MachineTask.Address"/> that somebody else answered for. The scheduler takes another one.</summary>
    public string? AddressInUse { get; init; }

    /// <summary>With a failure of a task that was to start from kept disks: this computer has none for the machine.</summary>
    public bool? DisksMissing { get; init; }

    /// <summary>How the machine came up: a name of <see cref="StartWay"/>, once known.</summary>
    public string? Way { get; init; }

    /// <summary>Why this way and no faster one: a sentence for people.</summary>
    public string? WayReason { get; init; }

    /// <summary>The key of the template that this machine could have started from, known or not (<see cref="TemplateState"/>).</summary>
    public string? TemplateKey { get; init; }

    /// <summary>A name of <see cref="TemplateState"/>.</summary>
    public string? Template { get; init; }

    /// <summary>Outcomes of the last commands, oldest first, at most 16; repeated in every report, so that a lost one loses nothing.</summary>
    public IReadOnlyList<CommandOutcome> Outcomes { get; set; } = [];

    /// <summary>Digests of the images that are whole in the cache of this computer, from the image stage on.</summary>
    public IReadOnlyList<string> CachedImages { get; set; } = [];

    /// <summary>With <see cref="StageStatus.Failed"/>: the machine's last console lines, at most 40.</summary>
    public IReadOnlyList<string> Console { get; set; } = [];
}

/// <summary>The ways to a running machine, fastest first.</summary>
public static class StartWay
{
    /// <summary>A spare of the warm pool was claimed.</summary>
    public const string Warm = "warm";

    /// <summary>A copy of a template's memory and disk.</summary>
    public const string Template = "template";

    /// <summary>Booted from Drover's own image.</summary>
    public const string Cold = "cold";

    /// <summary>Booted from a foreign cloud image.</summary>
    public const string CloudImage = "cloud-image";
}

/// <summary>What a computer's template cache had for a machine.</summary>
public static class TemplateState
{
    /// <summary>It was used.</summary>
    public const string Used = "used";

    /// <summary>There is none: making one would help the next.</summary>
    public const string Absent = "absent";

    /// <summary>There was one that could not be used, and it was thrown away: making a new one would help.</summary>
    public const string Broken = "broken";

    /// <summary>A machine like this one is never a copy (foreign image, own wish).</summary>
    public const string Off = "off";
}
