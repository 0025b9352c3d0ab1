using Drover.Api.Machines;
using Drover.Mesos;
using Drover.Scheduler.Addresses;
using Drover.Scheduler.Pool;

namespace Drover.Scheduler;

/// <summary>Settings of the scheduler. <see cref="Validate"/> names every problem at once; <see cref="FromEnvironment"/> reads the
/// variables that the 2015 Rancher-on-Mesos scheduler knew.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Root of the Rancher 1.x API, with version: <c>http://127.0.0.1:8080/v1</c>. Variable <c>CATTLE_URL</c>. Required.</summary>
    public string CattleUrl { get; init; } = "";

    /// <summary>Access key of an account of kind <c>service</c>. Variable <c>CATTLE_ACCESS_KEY</c>. Required.</summary>
    public string AccessKey { get; init; } = "";

    /// <summary>Its secret key. Variable <c>CATTLE_SECRET_KEY</c>. Required.</summary>
    public string SecretKey { get; init; } = "";

    /// <summary>The Mesos master: <c>host:port</c>, a comma separated list, or
    /// <c>file://PATH</c> of a file that holds one of those. Variable <c>MESOS_MASTER</c>. Required.</summary>
    public string MesosMaster { get; init; } = "";

    /// <summary>What names the cluster for the stored framework id, when the address does not (one machine, whose port may change).
    /// Default: <see cref="MesosMaster"/>.</summary>
    public string? MasterIdentity { get; init; }

    /// <summary>Network of the cluster's bridge in CIDR form, for machines with network <c>bridge</c>. Variable <c>IP_CIDR</c>. Default: none.</summary>
    public string? IpCidr { get; init; }

    /// <summary>The default route of machines with an address of <see cref="IpCidr"/>. Default: none.</summary>
    public string? Gateway { get; init; }

    /// <summary>Their name servers. Default: none.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>Addresses of <see cref="IpCidr"/> that others have, each one or a range such as <c>192.168.10.1-192.168.10.50</c>. Default: none.</summary>
    public IReadOnlyList<string> AddressExclude { get; init; } = [];

    /// <summary>Host that replaces <c>localhost</c> or <c>127.0.0.1</c> in registration URLs. Variable <c>CATTLE_AGENT_LOCALHOST_REPLACE</c>. Default: none.</summary>
    public string? LocalhostReplacement { get; init; }

    /// <summary>Where <c>scheduler.db</c> lives. Created if missing. Required.</summary>
    public string DataDirectory { get; init; } = "";

    /// <summary>Folder with the programs <c>drover-executor</c> and <c>drover-agent</c>. Default: the folder of this program.</summary>
    public string ProgramsDirectory { get; init; } = AppContext.BaseDirectory;

    /// <summary>Folder of guest images: one folder each, with a <c>manifest.json</c>. Default: <c>images</c> beside the programs.</summary>
    public string ImagesDirectory { get; init; } = Path.Combine(AppContext.BaseDirectory, "images");

    /// <summary>Base of the URLs under which agents fetch programs and images. Default: scheme, host and port of <see cref="CattleUrl"/>.</summary>
    public Uri? AdvertisedUrl { get; init; }

    /// <summary><c>auto</c>, <c>kvm</c>, <c>tcg</c> or <c>simulated</c>. Default: <c>auto</c>.</summary>
    public string Accelerator { get; init; } = "auto";

    /// <summary>Folder on the agent machines that executors share (image cache, remembered probe). Default: <c>/var/lib/drover/machines</c>.</summary>
    public string ExecutorStateDirectory { get; init; } = "/var/lib/drover/machines";

    /// <summary>Folder on the agent machines for guest images and templates, which several instances may share. Default: <see cref="ExecutorStateDirectory"/>.</summary>
    public string? ExecutorCacheDirectory { get; init; }

    /// <summary>Knobs of simulated machines. Used only with the accelerator <c>simulated</c>. Default: none.</summary>
    public Simulation? Simulation { get; init; }

    /// <summary>Longest time of each stage of a machine's start. Default: see <see cref="StageTimeouts"/>.</summary>
    public StageTimeouts StageTimeouts { get; init; } = new();

    /// <summary>Time a guest has to power down before it is switched off. Default: 30 s.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Operating system user of the executors; must exist on every agent machine. Default: the user of this process.</summary>
    public string User { get; init; } = Environment.UserName;

    /// <summary>Mesos role whose resources are used. Default: <c>*</c>.</summary>
    public string Role { get; init; } = "*";

    /// <summary>Name of the framework in Mesos. Default: <c>Drover</c>.</summary>
    public string FrameworkName { get; init; } = "Drover";

    /// <summary>How long machines outlive a scheduler that is away, before Mesos stops them. Default: 2 weeks.</summary>
    public TimeSpan FailoverTimeout { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Name of the external handler on the server. Default: <c>droverMesos</c>.</summary>
    public string HandlerName { get; init; } = "droverMesos";

    /// <summary>Mesos principal. Default: none (no authentication).</summary>
    public string? Principal { get; init; }

    /// <summary>Secret of <see cref="Principal"/>.</summary>
    public string? Secret { get; init; }

    /// <summary>How long a delete waits for an agent that Mesos has lost, before it is answered all the same; the machine is stopped when the agent returns.
    /// Default: 2 min.</summary>
    public TimeSpan AbandonAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the copy of a machine's disk may take before nobody waits for it. Default: 30 min.</summary>
    public TimeSpan CopyPatience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Longest time without an explanation to a waiting or stopping machine. Keeps the server's clock alive. Default: 10 s, at most 15 s.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Spares that are kept ready: a number per agent machine and size, or <c>auto</c>. A Drover server's own setting goes before it. Default: <c>0</c>,
    /// because a spare holds a machine's memory.</summary>
    public string Warm { get; init; } = "0";

    /// <summary><c>auto</c>: templates are made in the background; <c>off</c>: none are. A Drover server's own setting goes before it. Default: <c>auto</c>.</summary>
    public string Templates { get; init; } = PoolSettings.Auto;

    /// <summary>How long a spare has to answer that it is the machine now, before the machine is launched instead. Default: 10 s.</summary>
    public TimeSpan ClaimPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>When the master says that our framework was removed (torn down, or away for longer than <see cref="FailoverTimeout"/>): take a new id and
    /// count every machine of the old one as gone. Otherwise the scheduler stops placing machines and says so, because that is an operator's decision
    /// while machines may be orphaned. Default: false.</summary>
    public bool AcceptNewFramework { get; init; }

    /// <summary>Called around every durable write and every call outward, with its name and <c>:before</c> or <c>:after</c>; tests kill the scheduler there.</summary>
    public Action<string>? Reached { get; init; }

    /// <param name="problems">Takes a sentence for each setting that is wrong.</param>
    internal AddressRange? Addresses(List<string> problems) => AddressRange.Read(IpCidr, Gateway, NameServers, AddressExclude, problems);

    internal Uri ArtifactBase => AdvertisedUrl ?? new Uri(new Uri(CattleUrl).GetLeftPart(UriPartial.Authority));

    internal string ClusterIdentity => MasterIdentity ?? MesosMaster;

    /// <summary>Reads the environment of the 2015 scheduler.</summary>
    /// <param name="read">Reads one variable; null for the environment of this process.</param>
    /// <exception cref="SchedulerOptionsException">Something is missing or wrong; the message lists all of it.</exception>
    public static SchedulerOptions FromEnvironment(Func<string, string?>? read = null)
    {
        read ??= Environment.GetEnvironmentVariable;
        string? Text(string name) => read(name)?.Trim() is { Length: > 0 } text ? text : null;
        var home = Text("XDG_DATA_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        var options = new SchedulerOptions
        {
            CattleUrl = Text("CATTLE_URL") ?? "",
            AccessKey = Text("CATTLE_ACCESS_KEY") ?? "",
            SecretKey = Text("CATTLE_SECRET_KEY") ?? "",
            MesosMaster = Text("MESOS_MASTER") ?? "",
            IpCidr = Text("IP_CIDR"),
            LocalhostReplacement = Text("CATTLE_AGENT_LOCALHOST_REPLACE"),
            DataDirectory = Path.Combine(home, "drover", "scheduler"),
        };
        SchedulerOptionsException.ThrowIfAny(options.Validate());
        return options;
    }

    /// <summary>Every problem as <c>Property (VARIABLE): what is wrong</c>; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        string? problem = null;
        void Check(bool ok, string problem)
        {
            if (!ok)
            {
                problems.Add(problem);
            }
        }

        Check(IsHttp(CattleUrl), $"CattleUrl (CATTLE_URL): '{CattleUrl}' is no URL such as http://127.0.0.1:8080/v1.");
        Check(AccessKey.Length > 0, "AccessKey (CATTLE_ACCESS_KEY): missing.");
        Check(SecretKey.Length > 0, "SecretKey (CATTLE_SECRET_KEY): missing.");
        Check(MesosMaster.Length > 0, "MesosMaster (MESOS_MASTER): missing; host:port or a list of those.");
        Check(MesosMaster.Length == 0 || IsMaster(MesosMaster, out problem), $"MesosMaster (MESOS_MASTER): {problem}");
        _ = Addresses(problems);
        Check(DataDirectory.Length > 0, "DataDirectory: missing.");
        Check(AdvertisedUrl is null || IsHttp(AdvertisedUrl.OriginalString), $"AdvertisedUrl: '{AdvertisedUrl}' is no http URL.");
        Check(Accelerator is "auto" or "kvm" or "tcg" or "simulated", $"Accelerator: '{Accelerator}' is none of auto, kvm, tcg, simulated.");
        Check(Path.IsPathRooted(ExecutorStateDirectory), $"ExecutorStateDirectory: '{ExecutorStateDirectory}' is no absolute path.");
        Check(ExecutorCacheDirectory is null || Path.IsPathRooted(ExecutorCacheDirectory), $"ExecutorCacheDirectory: '{ExecutorCacheDirectory}' is no absolute path.");
        Check(User.Length > 0, "User: missing.");
        Check(Role.Length > 0 && !Role.Any(char.IsWhiteSpace), $"Role: '{Role}' is no Mesos role.");
        Check(HandlerName.Length > 0 && HandlerName.All(char.IsAsciiLetterOrDigit), $"HandlerName: '{HandlerName}' may hold letters and digits only.");
        Check(Secret is null || Principal is not null, "Secret: given without Principal.");
        Check(ShutdownGrace >= TimeSpan.Zero && ShutdownGrace <= TimeSpan.FromHours(1), "ShutdownGrace: must be between 0 and 1 hour.");
        Check(FailoverTimeout > TimeSpan.Zero && FailoverTimeout <= TimeSpan.FromDays(3650), "FailoverTimeout: must be more than 0 and at most 10 years.");
        Check(PoolSettings.Parse(Warm, PoolSettings.Auto) is not null, $"Warm: '{Warm}' is neither auto nor a number of spares from 0 to {PoolSettings.MostWarm}.");
        Check(PoolSettings.Parse("0", Templates) is not null, $"Templates: '{Templates}' is none of auto, off.");
        Check(ClaimPatience > TimeSpan.Zero, "ClaimPatience: must be more than 0.");
        Check(AbandonAfter >= TimeSpan.Zero, "AbandonAfter: must not be negative.");
        Check(ProgressInterval > TimeSpan.Zero && ProgressInterval <= TimeSpan.FromSeconds(15), "ProgressInterval: must be more than 0 and at most 15 s.");
        return problems;
    }

    private static bool IsMaster(string address, out string? problem)
    {
        try
        {
            MasterAddress.CreateDetector(address);
            problem = null;
            return true;
        }
        catch (Exception e) when (e is FormatException or NotSupportedException)
        {
            problem = e.Message;
            return false;
        }
    }

    private static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
}

/// <summary>The scheduler's settings are wrong; the message lists every problem on a line of its own.</summary>
public sealed class SchedulerOptionsException(IReadOnlyList<string> problems)
    : Exception("The scheduler's settings are wrong:\n  " + string.Join("\n  ", problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;

    internal static void ThrowIfAny(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new SchedulerOptionsException(problems);
        }
    }
}
