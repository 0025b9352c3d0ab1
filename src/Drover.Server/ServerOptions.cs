namespace Drover.Server;

/// <summary>How the control plane runs. Times are waited with the <see cref="TimeProvider"/> of the service collection.</summary>
public sealed record ServerOptions
{
    /// <summary>The instance's data folder; the server keeps <c>server/</c>, <c>keys/</c> and <c>initial-password</c> below it. Required.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The URL by which hosts reach this server, such as <c>http://10.0.0.1:8080</c>. Null: each request's own Host header.</summary>
    /// <remarks>Only registration links and scripts use it; the setting <c>api.host</c> goes before it.</remarks>
    public Uri? PublicUrl { get; init; }

    /// <summary>Names of the guest images that exist. Null when the server cannot know; then any name is taken.</summary>
    public Func<IReadOnlyList<string>>? Images { get; init; }

    /// <summary>The folder of guest images (<c>Drover.Api.Machines.ImageFolder</c>), which this server lists and adds to. Null: it keeps none.</summary>
    public string? ImagesDirectory { get; init; }

    /// <summary>Network of machines that name none. Default: <c>user</c>.</summary>
    public string DefaultNetwork { get; init; } = "user";

    /// <summary>The largest file of an image that is taken. Default: 64 GiB.</summary>
    public long MaxImageBytes { get; init; } = 64L << 30;

    /// <summary>Sets the setting <c>pool.warm</c> at each start: spares per agent machine and size, or <c>auto</c>. Null leaves it as it is.</summary>
    public string? PoolWarm { get; init; }

    /// <summary>Sets the setting <c>pool.templates</c> at each start: <c>auto</c> or <c>off</c>. Null leaves it as it is.</summary>
    public string? PoolTemplates { get; init; }

    /// <summary>Time that an external handler has per attempt when it names none.</summary>
    public TimeSpan HandlerTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a started machine may take until its agent's link is up, before the machine fails.</summary>
    public TimeSpan BootstrapTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an action on a machine (stop, snapshot, …) waits for a handler before it has failed.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a removal waits for a handler that does not answer or fails. After that the machine is removed without it,
    /// and the scheduler stops what it finds without a record when it is back.</summary>
    public TimeSpan RemoveTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a removed machine can still be read before its data is deleted.</summary>
    public TimeSpan PurgeDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a lost agent is <c>reconnecting</c> before it is <c>disconnected</c>.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>Time between two load samples of a host.</summary>
    public TimeSpan LoadInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence on an agent's link after which the server asks for a sign of life.</summary>
    public TimeSpan LinkPing { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Silence on an agent's link after which it counts as lost.</summary>
    public TimeSpan LinkTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a registration token for one machine is good.</summary>
    public TimeSpan MachineTokenLifetime { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long a registration token of an environment is good.</summary>
    public TimeSpan EnvironmentTokenLifetime { get; init; } = TimeSpan.FromDays(3650);

    /// <summary>How long a login lasts.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(16);

    /// <summary>How long a console read waits for the scheduler.</summary>
    public TimeSpan ConsoleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rounds of PBKDF2-SHA256 for a new password. Passwords keep the rounds that they were stored with.</summary>
    public int PasswordIterations { get; init; } = 600_000;

    /// <summary>How long ended processes, purged rows and ended logins are kept.</summary>
    public TimeSpan HistoryRetention { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Called around every durable write with its name and <c>:before</c> or <c>:after</c>; tests kill the server there.</summary>
    public Action<string>? Reached { get; init; }
}
