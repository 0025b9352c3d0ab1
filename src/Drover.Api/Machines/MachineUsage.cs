namespace Drover.Api.Machines;

/// <summary>What a machine took of its computer, seen from outside: also true of a guest whose agent is gone, or lies.</summary>
public sealed record MachineUsage
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Percent of one CPU since the sample before; two busy virtual CPUs are 200.</summary>
    public double CpuPercent { get; init; }

    /// <summary>Bytes of memory that are the machine's own: what it shares with others counts as its share (PSS).</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Bytes of memory that it maps, shared ones in full (RSS).</summary>
    public long ResidentBytes { get; init; }

    /// <summary>Bytes that its disks' files take.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Bytes per second since the sample before.</summary>
    public double DiskRead { get; init; }

    public double DiskWrite { get; init; }

    /// <summary>Requests per second to its disks.</summary>
    public double DiskOperations { get; init; }

    /// <summary>Bytes per second that the guest received and sent, by the counters of its card's tap. Null where they cannot be seen from outside: in the network
    /// <c>user</c> QEMU makes the guest's connections its own.</summary>
    public double? NetworkReceived { get; init; }

    public double? NetworkSent { get; init; }
}

/// <summary>The file <see cref="FileName"/> in the sandbox, kept by the executor, read through Mesos: the last five minutes, oldest first.</summary>
public sealed record MachineUsageFile
{
    public const string FileName = "usage.json";

    public IReadOnlyList<MachineUsage> Samples { get; set; } = [];
}
