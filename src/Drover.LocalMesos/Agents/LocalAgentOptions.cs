using System.Net;

namespace Drover.LocalMesos;

/// <summary>An agent for one machine. The defaults are Mesos' own where it has them, except for <see cref="ExecutorReregistrationTimeout"/>.</summary>
public sealed record LocalAgentOptions
{
    /// <summary>The master; it keeps its port over restarts.</summary>
    public required Uri Master { get; init; }

    /// <summary>Holds <c>agent.db</c>, the remembered port, the fetcher's cache and, below <c>slaves/</c>, the sandboxes. Created when missing.
    /// Its path is part of every executor's environment and stays short best: sockets inside a sandbox may have 108 characters.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen. Port 0, the default, takes a free port once and keeps it, so that executors find a restarted agent.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>What the master asks for; operators need the same. Executors have tokens of their own.</summary>
    public LocalCredentials? Credentials { get; init; }

    /// <summary>Shown in offers, and where operators reach this agent. Null, the default: the listening address.</summary>
    public string? Hostname { get; init; }

    /// <summary>CPUs to offer, in thousandths. May be more than there are.</summary>
    public required long MilliCpus { get; init; }

    /// <summary>Memory to offer, MiB.</summary>
    public required long MemoryMebibytes { get; init; }

    /// <summary>Disk to offer, MiB.</summary>
    public required long DiskMebibytes { get; init; }

    /// <summary>Typed attributes in offers, for placement. See <see cref="AgentAttributes.Parse"/>.</summary>
    public IReadOnlyList<V1Attribute> Attributes { get; init; } = [];

    /// <summary>Added to every executor's environment; the executor's own command has precedence.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How executors are started. Null, the default: as processes.</summary>
    public IExecutorLauncher? Launcher { get; init; }

    /// <summary>From launch, fetching included, to the executor's SUBSCRIBE. Default 1 minute.</summary>
    public TimeSpan ExecutorRegistrationTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a restarted agent waits for living executors; it goes on as soon as all are back. Default 10 s (Mesos: 2 s, and never shorter).</summary>
    public TimeSpan ExecutorReregistrationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From SHUTDOWN to SIGKILL, for executors that do not say. Default 5 s.</summary>
    public TimeSpan ExecutorShutdownGracePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long executors wait for a lost agent. Default 15 minutes.</summary>
    public TimeSpan RecoveryTimeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>First pause before an unacknowledged update is sent again; doubles to 10 minutes. Default 10 s.</summary>
    public TimeSpan UpdateRetryInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause between attempts to reach the master. Default 1 s.</summary>
    public TimeSpan MasterRetryMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the sandbox of an ended executor is kept. Default 1 hour.</summary>
    public TimeSpan SandboxRetention { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The sandbox of an executor whose tasks were all killed or finished is deleted at once. Default no: Mesos keeps it like any other.</summary>
    public bool DeleteSandboxesEndedAsAsked { get; init; }

    /// <summary>Of ended executors, only so many of the newest sandboxes are kept. Default 100.</summary>
    public int MaxCompletedSandboxes { get; init; } = 100;

    /// <summary>Called around every durable write; see the store. For tests.</summary>
    public Action<string>? Reached { get; init; }
}
