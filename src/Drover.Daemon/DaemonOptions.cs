using System.Net;
using Drover.Api.Machines;

namespace Drover.Daemon;

/// <summary>The command line of <c>droverd</c>, read and checked.</summary>
internal sealed record DaemonOptions
{
    /// <summary>All state of this instance. Absolute.</summary>
    public required string Data { get; init; }

    /// <summary>Where page and API, or a lone scheduler's artifacts, are served.</summary>
    public required IPEndPoint Listen { get; init; }

    public required IReadOnlySet<Role> Roles { get; init; }

    /// <summary>Folder with one folder per guest image.</summary>
    public required string Images { get; init; }

    /// <summary>Folder of the agent machines for their copies of images and for templates; null for <c>machines</c> below <see cref="Data"/>. Absolute.</summary>
    public string? Cache { get; init; }

    /// <summary>Folder with <c>drover-executor</c> and <c>drover-agent</c>.</summary>
    public required string Programs { get; init; }

    /// <summary>A Mesos master instead of LocalMesos; null for LocalMesos.</summary>
    public string? Mesos { get; init; }

    /// <summary>The server of a scheduler that runs alone beside it; null when the server is in this process or named by <c>CATTLE_URL</c>.</summary>
    public Uri? Server { get; init; }

    /// <summary>The address by which hosts and Mesos agents reach this process; null for the one it listens on.</summary>
    public Uri? Advertise { get; init; }

    /// <summary><c>auto</c>, <c>kvm</c>, <c>tcg</c> or <c>simulated</c>.</summary>
    public required string Accelerator { get; init; }

    public Simulation? Simulation { get; init; }

    public required StageTimeouts StageTimeouts { get; init; }

    /// <summary>CPUs that LocalMesos offers for each core.</summary>
    public required double CpuOvercommit { get; init; }

    /// <summary>Network of machines that name none: <c>auto</c>, <c>user</c>, <c>nat</c> or <c>bridge:NAME</c>.</summary>
    public string Network { get; init; } = "user";

    /// <summary>The range of addresses for machines on a bridge; null for the variable <c>IP_CIDR</c>.</summary>
    public string? IpCidr { get; init; }

    /// <summary>Addresses and ranges of it that others have.</summary>
    public IReadOnlyList<string> IpExclude { get; init; } = [];

    public string? Gateway { get; init; }

    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>Spares that are kept ready: a number per agent machine and size, or <c>auto</c>; null leaves it as it is.</summary>
    public string? Warm { get; init; }

    /// <summary><c>auto</c> or <c>off</c>; null leaves it as it is.</summary>
    public string? Templates { get; init; }

    public bool Has(Role role) => Roles.Contains(role);

    public string DataPath(params string[] parts) => Path.Combine([Data, .. parts]);
}

/// <summary>A part that a process runs.</summary>
internal enum Role
{
    Server,
    Web,
    Scheduler,
    MesosMaster,
    MesosAgent,
}
