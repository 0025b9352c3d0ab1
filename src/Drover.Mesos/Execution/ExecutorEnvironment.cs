using Drover.Mesos.V1;

namespace Drover.Mesos;

/// <summary>What an agent tells its executor through environment variables.</summary>
/// <remarks>Not inherited by children: remove every <c>MESOS_*</c> variable before starting one; the token is a secret.</remarks>
public sealed record ExecutorEnvironment
{
    public required FrameworkID FrameworkId { get; init; }

    public required ExecutorID ExecutorId { get; init; }

    /// <summary><c>MESOS_SLAVE_ID</c>; empty when not given.</summary>
    public string AgentId { get; init; } = "";

    /// <summary>From <c>MESOS_AGENT_ENDPOINT</c> (<c>ip:port</c>), https when <c>LIBPROCESS_SSL_ENABLED</c> says so.</summary>
    public required Uri Agent { get; init; }

    /// <summary><c>MESOS_DOMAIN_SOCKET</c>: tried before TCP.</summary>
    public string? DomainSocket { get; init; }

    /// <summary><c>MESOS_SANDBOX</c>, else <c>MESOS_DIRECTORY</c>, else the current directory.</summary>
    public required string Sandbox { get; init; }

    /// <summary><c>MESOS_CHECKPOINT=1</c>: live on when the agent goes away, and wait for its return.</summary>
    public bool Checkpoint { get; init; }

    /// <summary><c>MESOS_RECOVERY_TIMEOUT</c>: how long to wait for the agent. Default 15 minutes.</summary>
    public TimeSpan RecoveryTimeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary><c>MESOS_SUBSCRIPTION_BACKOFF_MAX</c>: the agent's window for re-subscriptions after its start. Default 2 s.</summary>
    public TimeSpan SubscriptionBackoffMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD</c>: from SHUTDOWN to SIGKILL. Default 5 s.</summary>
    public TimeSpan ShutdownGracePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>MESOS_EXECUTOR_AUTHENTICATION_TOKEN</c>.</summary>
    public string? AuthenticationToken { get; init; }

    /// <summary>Reads this process' environment.</summary>
    /// <exception cref="FormatException">A variable is missing or malformed; the message names it.</exception>
    public static ExecutorEnvironment FromEnvironment() => From(System.Environment.GetEnvironmentVariable);

    /// <summary>Reads variables from anywhere.</summary>
    /// <exception cref="FormatException">A variable is missing or malformed; the message names it.</exception>
    public static ExecutorEnvironment From(Func<string, string?> variable)
    {
        string? Optional(string name) => variable(name) is { Length: > 0 } value ? value : null;
        string Required(string name) =>
            Optional(name) ?? throw new FormatException($"The environment variable {name} is missing: this program is started by a Mesos agent.");
        TimeSpan Duration(string name, TimeSpan fallback) =>
            Optional(name) is not { } text ? fallback
            : MesosDuration.TryParse(text, out var value) ? value
            : throw new FormatException($"The environment variable {name} is '{text}', which is no duration.");

        var endpoint = Required("MESOS_AGENT_ENDPOINT");
        var scheme = Optional("LIBPROCESS_SSL_ENABLED") is "1" or "true" ? "https" : "http";
        return new ExecutorEnvironment
        {
            FrameworkId = new FrameworkID { Value = Required("MESOS_FRAMEWORK_ID") },
            ExecutorId = new ExecutorID { Value = Required("MESOS_EXECUTOR_ID") },
            AgentId = Optional("MESOS_SLAVE_ID") ?? "",
            Agent = Uri.TryCreate($"{scheme}://{endpoint}", UriKind.Absolute, out var agent)
                ? agent
                : throw new FormatException($"The environment variable MESOS_AGENT_ENDPOINT is '{endpoint}', which is no ip:port."),
            DomainSocket = Optional("MESOS_DOMAIN_SOCKET"),
            Sandbox = Optional("MESOS_SANDBOX") ?? Optional("MESOS_DIRECTORY") ?? System.Environment.CurrentDirectory,
            Checkpoint = Optional("MESOS_CHECKPOINT") == "1",
            RecoveryTimeout = Duration("MESOS_RECOVERY_TIMEOUT", TimeSpan.FromMinutes(15)),
            SubscriptionBackoffMax = Duration("MESOS_SUBSCRIPTION_BACKOFF_MAX", TimeSpan.FromSeconds(2)),
            ShutdownGracePeriod = Duration("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", TimeSpan.FromSeconds(5)),
            AuthenticationToken = Optional("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"),
        };
    }
}
