using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Api.Machines;

/// <summary>What the scheduler asks of an executor: <c>TaskInfo.data</c> as JSON of <see cref="MachineJson"/>.</summary>
/// <remarks>Whoever may read the Mesos state may read this, so the only secret in it is a registration token that is
/// bound to this one machine, good for one registration, and expires.</remarks>
public sealed record MachineTask
{
    /// <summary>Raised when an older executor could misread the task.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; set; } = CurrentVersion;

    /// <summary>A name of <see cref="TaskKind"/>.</summary>
    public string Kind { get; set; } = TaskKind.Machine;

    /// <summary>The resource id on the server, such as <c>1ph7</c>.</summary>
    public required string MachineId { get; init; }

    /// <summary>The machine's external id: a uuid that names machine, guest and host for the server.</summary>
    public required string ExternalId { get; init; }

    public required string Name { get; init; }

    public required string Hostname { get; init; }

    /// <summary>CPUs asked for; the guest gets this many virtual CPUs, rounded up.</summary>
    public required double Cpus { get; init; }

    /// <summary>The guest's memory in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>The guest's disk in bytes, as it appears to the guest.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>The environment that the machine belongs to: its machines of one computer may share a private segment. Null: on its own.</summary>
    public string? EnvironmentId { get; init; }

    /// <summary><c>auto</c>, <c>user</c>, <c>nat</c> or <c>bridge:NAME</c>.</summary>
    public string Network { get; set; } = "user";

    /// <summary>An address of the scheduler's own range, for <c>bridge</c>; null where the network gives one.</summary>
    public GuestAddress? Address { get; init; }

    /// <summary><c>auto</c>: a copy of a template where there is one; <c>cold</c>: always boot.</summary>
    public string StartFrom { get; set; } = "auto";

    /// <summary>The machine has disks on this computer already, from another task of its own or as a copy of another machine's: it boots from them, and from the
    /// image's files that are kept beside them.</summary>
    public bool Kept { get; init; }

    /// <summary>Ports of the computer's loopback that lead into the guest, such as <c>8080:80</c>.</summary>
    public IReadOnlyList<string> Ports { get; set; } = [];

    /// <summary>Cloud-init user data of the person, merged with ours. Only images that run cloud-init use it.</summary>
    public string? UserData { get; init; }

    public IReadOnlyList<ExtraDisk> Disks { get; set; } = [];

    /// <summary>A name of <see cref="MachineDisplay"/>.</summary>
    public string Display { get; set; } = MachineDisplay.Auto;

    public MachineLimits? Limits { get; init; }

    /// <summary><c>auto</c>, <c>kvm</c>, <c>tcg</c> or <c>simulated</c>.</summary>
    public string Accelerator { get; set; } = "auto";

    public required GuestImage Image { get; init; }

    /// <summary>The server's <c>/v1/scripts/TOKEN</c>. The executor replaces a loopback address by what the guest's network calls this machine.</summary>
    public required string RegistrationUrl { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public StageTimeouts Timeouts { get; set; } = new();

    /// <summary>Time the guest has to power down before QEMU is told to quit.</summary>
    public int ShutdownGraceSeconds { get; set; } = 30;

    /// <summary>A folder of the agent machine that executors share: image cache, remembered probe. Created if missing.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>A folder of the agent machine for guest images and templates, which several instances may share. Null: the state folder.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Only with the accelerator <c>simulated</c>.</summary>
    public Simulation? Simulation { get; init; }
}

/// <summary>A guest image by content. <see cref="Digest"/> is the SHA-256 of its manifest, which holds the digests of its files.</summary>
public sealed record GuestImage
{
    public required string Name { get; init; }

    /// <summary>Lower-case hex SHA-256 over the manifest file.</summary>
    public required string Digest { get; init; }

    /// <summary>The files by role: <c>disk</c> (qcow2), and for our own <c>kernel</c> and <c>initrd</c>. Empty for simulated machines.</summary>
    public required IReadOnlyList<ImageFile> Files { get; init; }

    /// <summary>Kernel arguments that the image needs, without console and accelerator specific ones.</summary>
    public string KernelArguments { get; set; } = "";

    /// <summary>A name of <see cref="ImageKind"/>.</summary>
    public string Kind { get; set; } = ImageKind.Drover;

    /// <summary>The guest agent for an image that does not bring one; the guest itself fetches it. Null for our own images.</summary>
    public ImageFile? Agent { get; init; }

    /// <summary>For an image without a kernel of its own: the <c>kernel</c> and <c>initrd</c> of one of ours, to try whether KVM works.
    /// Its digest is over theirs. Null where there is none.</summary>
    public GuestImage? Probe { get; init; }
}

/// <summary>How an image starts.</summary>
public static class ImageKind
{
    /// <summary>Our own: kernel and initrd beside the disk, agent and Docker inside, identity over virtio-serial.</summary>
    public const string Drover = "drover";

    /// <summary>Any cloud image, started by BIOS firmware, told who it is by a NoCloud seed.</summary>
    public const string Bios = "cloud-bios";

    /// <summary>The same, started by UEFI firmware.</summary>
    public const string Uefi = "cloud-uefi";

    /// <summary>Whether it is somebody else's image: it runs cloud-init, and never our kernel.</summary>
    public static bool IsForeign(string kind) => kind is Bios or Uefi;
}

/// <summary>What a task is for.</summary>
public static class TaskKind
{
    /// <summary>One machine of a person.</summary>
    public const string Machine = "machine";

    /// <summary>Boots a machine of this image and size, freezes it into a template on this computer, and ends.</summary>
    public const string Template = "template";

    /// <summary>A spare copy without an owner, until a command <see cref="MachineCommand.Claim"/> makes it a machine.</summary>
    public const string Spare = "spare";

    /// <summary>Removes the disks that are kept on this computer for a machine that is not wanted any more, and ends. Only ids and the state folder of the task count.</summary>
    public const string Discard = "discard";
}

/// <summary>A guest's fixed address.</summary>
public sealed record GuestAddress
{
    /// <summary>With prefix: <c>192.168.10.7/24</c>.</summary>
    public required string Address { get; init; }

    public string? Gateway { get; init; }

    public IReadOnlyList<string> NameServers { get; set; } = [];
}

/// <summary>A disk beside the machine's own.</summary>
public sealed record ExtraDisk
{
    /// <summary>Its serial in the guest (<c>/dev/disk/by-id/virtio-NAME</c>): at most 20 letters, digits and dashes.</summary>
    public required string Name { get; init; }

    public required long Bytes { get; init; }
}

/// <summary>What a machine may use of its computer's disk and network. Null: no limit.</summary>
public sealed record MachineLimits
{
    /// <summary>Requests per second of each disk.</summary>
    public long? DiskOperations { get; init; }

    /// <summary>Bytes per second of each disk.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Bytes per second of the network card, each way.</summary>
    public long? NetworkBytes { get; init; }
}

/// <summary>One file of an image.</summary>
public sealed record ImageFile
{
    public required string Role { get; init; }

    public required string Name { get; init; }

    /// <summary>Lower-case hex SHA-256 of the content.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Where an agent machine gets it. Null in a manifest on disk.</summary>
    public string? Url { get; init; }
}

/// <summary>Longest time per stage, in seconds. The defaults leave room for TCG on a loaded machine.</summary>
public sealed record StageTimeouts
{
    public int ImageSeconds { get; set; } = 600;

    public int DiskSeconds { get; set; } = 60;

    public int NetworkSeconds { get; set; } = 60;

    public int BootSeconds { get; set; } = 300;

    public int DockerSeconds { get; set; } = 300;

    public int RegisterSeconds { get; set; } = 120;

    /// <summary>The same for a foreign cloud image, which boots a whole distribution and may install Docker: at least 15 minutes for each.</summary>
    public StageTimeouts ForForeignImage() => this with { BootSeconds = Math.Max(BootSeconds, 900), DockerSeconds = Math.Max(DockerSeconds, 900) };
}

/// <summary>Knobs of the simulated machine driver, so that failures are configured and not mocked.</summary>
public sealed record Simulation
{
    /// <summary>Milliseconds from power-on to the agent's hello.</summary>
    public int BootMilliseconds { get; set; } = 5;

    /// <summary>Milliseconds that a copy of a template takes instead.</summary>
    public int CopyMilliseconds { get; set; } = 1;

    /// <summary>A name of <see cref="MachineStage"/> at which the machine fails; null for none.</summary>
    public string? FailAt { get; init; }

    /// <summary>A name of <see cref="MachineStage"/> at which the machine hangs until its time-out; null for none.</summary>
    public string? HangAt { get; init; }

    /// <summary>Milliseconds after which a running machine dies by itself; null for never.</summary>
    public int? ExitAfterMilliseconds { get; init; }

    /// <summary>Milliseconds that a power-down takes.</summary>
    public int ShutdownMilliseconds { get; set; } = 1;
}

/// <summary>An image's <c>manifest.json</c> on disk.</summary>
public sealed record ImageManifest
{
    public required string Name { get; init; }

    /// <summary>Hash over everything the image was made from.</summary>
    public required string Inputs { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required IReadOnlyList<ImageFile> Files { get; init; }

    public string KernelArguments { get; set; } = "";

    /// <summary>A name of <see cref="ImageKind"/>.</summary>
    public string Kind { get; set; } = ImageKind.Drover;

    /// <summary>Where it came from: an address, a file, or null for one that was built.</summary>
    public string? Source { get; init; }
}

/// <summary>JSON of everything that crosses between scheduler, executor and image folder: camelCase, source generated.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineTask))]
[JsonSerializable(typeof(MachineUsageFile))]
[JsonSerializable(typeof(MachineCommand))]
[JsonSerializable(typeof(StageReport))]
[JsonSerializable(typeof(IReadOnlyList<StageRecord>))]
[JsonSerializable(typeof(ImageManifest))]
public sealed partial class MachineJson : JsonSerializerContext;
