using System.Net;

namespace Drover.LocalMesos;

/// <summary>A master for one machine. The defaults are Mesos' own where it has them.</summary>
public sealed record LocalMasterOptions
{
    /// <summary>Holds <c>master.db</c> and the remembered port. Created when missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen. Port 0, the default, takes a free port once and keeps it in <see cref="DataDirectory"/>.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Asked of schedulers, operators and agents. Null lets every user of the machine in: for tests only.</summary>
    public LocalCredentials? Credentials { get; init; }

    /// <summary>Pause after an allocation run before the next. Default 1 s.</summary>
    public TimeSpan AllocationInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Offers are rescinded after this time. Null, the default: never.</summary>
    public TimeSpan? OfferTimeout { get; init; }

    /// <summary>Heartbeats on scheduler streams. Default 15 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Pings to agents. Default 15 s.</summary>
    public TimeSpan AgentPingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>So many pings in a row without answer make an agent unreachable. Default 5.</summary>
    public int AgentPingCount { get; init; } = 5;

    /// <summary>How long agents of the last run may take to come back after the master's start. Default 10 minutes.</summary>
    public TimeSpan AgentReregisterTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Ended frameworks whose ids are remembered and refused. Default 50.</summary>
    public int MaxCompletedFrameworks { get; init; } = 50;

    /// <summary>Ended tasks kept per framework for operators. Default 1000.</summary>
    public int MaxCompletedTasks { get; init; } = 1000;

    /// <summary>Called around every durable write; see the store. For tests.</summary>
    public Action<string>? Reached { get; init; }

    internal TimeSpan AgentPingTimeout => AgentPingInterval * AgentPingCount;
}
