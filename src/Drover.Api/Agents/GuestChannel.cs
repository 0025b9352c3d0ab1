using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Api.Agents;

/// <summary>The talk between executor and the agent in its guest, over the virtio-serial port <see cref="PortName"/>:
/// one JSON object per line, either way.</summary>
/// <remarks>
/// Agent: <c>hello</c>, again every second until it has an identity. Executor: <c>identity</c> to every hello.
/// A machine that is to become a template gets <c>prepare</c> instead of an identity; its agent answers <c>prepared</c> when Docker does and nothing
/// in it knows who it is; then it is frozen. A copy of it, and a spare, gets <c>seed</c> as the first line of its life: fresh randomness and the
/// time, taken before anything else happens; it answers <c>seeded</c>, which counts as a hello.
/// A spare gets <c>park</c> instead of an identity: it sets up its network, waits for Docker, rehearses the road to the server, and answers
/// <c>parked</c>; the identity follows when somebody claims it.
/// <c>inspect</c>, at any time, is answered with <c>inspected</c>: what the guest sees of itself.
/// Agent: <c>stage</c> (docker, register) as it goes, <c>ready</c> once its link stands, <c>failure</c> when it gives up.
/// The guest reads end-of-file while the executor's side is closed, and may then simply read again.
/// A line longer than <see cref="MaxLineBytes"/>, or one that is no JSON, is skipped.
/// </remarks>
public sealed record GuestMessage
{
    public const string PortName = "io.drover.agent.0";
    public const int MaxLineBytes = 64 * 1024;

    /// <summary>Raised when one side could misread the other.</summary>
    public const int CurrentProtocol = 1;

    public const string Hello = "hello";
    public const string Identity = "identity";
    public const string Prepare = "prepare";
    public const string Prepared = "prepared";
    public const string Seed = "seed";
    public const string Seeded = "seeded";
    public const string Park = "park";
    public const string Parked = "parked";
    public const string Inspect = "inspect";
    public const string Inspected = "inspected";

    /// <summary>Executor to agent: the disk has grown, let the file system take it. Not answered; an agent that does not know it takes it at the next start.</summary>
    public const string Grow = "grow";

    /// <summary>Executor to agent: further cards were plugged, take their addresses. Not answered.</summary>
    public const string Plugged = "plugged";
    public const string Stage = "stage";
    public const string Ready = "ready";
    public const string Failure = "failure";

    /// <summary>One of the constants above; others are ignored.</summary>
    public required string Type { get; init; }

    /// <summary>In a hello and seeded: the agent's protocol number.</summary>
    public int? Protocol { get; init; }

    /// <summary>In a hello and seeded: the agent's version.</summary>
    public string? Version { get; init; }

    /// <summary>In an identity; and in a park, where uuid and host name are the spare's own and the address is that of the server to rehearse with.</summary>
    public GuestIdentity? Guest { get; init; }

    /// <summary>In a seed.</summary>
    public GuestSeed? Fresh { get; init; }

    /// <summary>In a stage or failure: a name of <c>MachineStage</c>.</summary>
    public string? StageName { get; init; }

    /// <summary>In a stage, ready or failure: a sentence for people. In prepared and seeded: what did not work although the guest goes on.</summary>
    public string? Message { get; init; }

    /// <summary>In a plugged.</summary>
    public IReadOnlyList<GuestCard>? Cards { get; init; }

    /// <summary>In an inspect: what to look at beyond the cheap things, such as <c>container</c> (<c>create</c> or <c>run</c>). In an inspected: what was found.</summary>
    public IReadOnlyDictionary<string, string>? Facts { get; init; }
}

/// <summary>What a copy must take before it does anything that may depend on a random number or the time.</summary>
public sealed record GuestSeed
{
    /// <summary>64 fresh random bytes, base64.</summary>
    public required string Entropy { get; init; }

    /// <summary>Milliseconds since the epoch.</summary>
    public required long ClockMilliseconds { get; init; }

    /// <summary>A new key of the Docker Engine as its file <c>key.json</c> holds it: the engine's id is the hash of it.</summary>
    public string? EngineKey { get; init; }
}

/// <summary>A network card beside the first, found by its hardware address.</summary>
public sealed record GuestCard
{
    /// <summary>Lower case, with colons.</summary>
    public required string Mac { get; init; }

    /// <summary>With prefix; null for DHCP.</summary>
    public string? Address { get; init; }
}

/// <summary>Who the guest is. Given by the executor, never stored in the image.</summary>
public sealed record GuestIdentity
{
    /// <summary>The machine's external id. Reported as host uuid and as physical host uuid.</summary>
    public required string MachineUuid { get; init; }

    public required string Hostname { get; init; }

    /// <summary>The server's <c>/v1/scripts/TOKEN</c> as the guest reaches it.</summary>
    public required string RegistrationUrl { get; init; }

    /// <summary>The guest's network: address with prefix (<c>10.0.2.15/24</c>), or null for DHCP.</summary>
    public string? Address { get; init; }

    public string? Gateway { get; init; }

    public IReadOnlyList<string> NameServers { get; set; } = [];

    /// <summary>The first card's hardware address; null leaves it as it is.</summary>
    public string? Mac { get; init; }

    public IReadOnlyList<GuestCard> Cards { get; set; } = [];

    /// <summary>The guest leaves its cards alone: it is a spare, and an address of that network is not ours to spend on one.</summary>
    public bool Unconnected { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Milliseconds since the epoch: the guest's clock may be wrong.</summary>
    public long? ClockMilliseconds { get; init; }

    /// <summary>64 fresh random bytes, base64.</summary>
    public string? Entropy { get; init; }
}

/// <summary>The agent's outbound WebSocket to the server: <c>GET /v1/agentlink</c>, Basic with the agent's keys.</summary>
/// <remarks>An agent that has no keys yet may open it with <c>registrationToken:TOKEN</c> and put its registration key into the hello: the welcome then brings the
/// keys, the same for the same key, as <c>POST /v1/register</c> does. Until its hello such a link is nobody's and may do nothing.
/// Text frames are JSON of this type. The agent sends <c>hello</c> first, then <c>facts</c> when they change and
/// <c>load</c> every few seconds; the server answers a hello with <c>welcome</c>. Either side sends <c>ping</c> after 15 s of silence, the
/// other answers <c>pong</c>; after 45 s of silence a side gives the link up. Binary frames are reserved for streams.
/// The server closes with 4001 when the agent's host is gone for good (the agent stops) and 4002 for a protocol it cannot speak.</remarks>
public sealed record LinkMessage
{
    public const string Path = "agentlink";
    public const int CurrentProtocol = 1;
    public const int CurrentStreams = 1;
    public const int CloseGone = 4001;
    public const int CloseProtocol = 4002;

    public const string Hello = "hello";
    public const string Welcome = "welcome";
    public const string Facts = "facts";
    public const string Load = "load";
    public const string Ping = "ping";
    public const string Pong = "pong";

    public required string Type { get; init; }

    /// <summary>In a hello and a welcome.</summary>
    public int? Protocol { get; init; }

    /// <summary>In a hello: the agent's version.</summary>
    public string? Version { get; init; }

    /// <summary>In the hello of an agent that registers by it: the key that names the agent.</summary>
    public string? Key { get; init; }

    /// <summary>In the welcome to such a hello.</summary>
    public string? AccessKey { get; init; }

    /// <summary>In the welcome to such a hello.</summary>
    public string? SecretKey { get; init; }

    /// <summary>In a hello and facts.</summary>
    public HostFacts? Host { get; init; }

    /// <summary>In load.</summary>
    public HostLoad? Sample { get; init; }

    /// <summary>In a welcome: seconds between load samples.</summary>
    public int? LoadSeconds { get; init; }

    /// <summary>In a welcome: the host's id on the server.</summary>
    public string? HostId { get; init; }

    /// <summary>In a hello and a welcome: the version of streams that the side speaks; without both there are none.</summary>
    public int? Streams { get; init; }
}

/// <summary>What is true of a host for long.</summary>
public sealed record HostFacts
{
    /// <summary>Host uuid; equal to the machine's external id for a machine that Drover made.</summary>
    public required string Uuid { get; init; }

    /// <summary>The machine's external id; ties host to machine.</summary>
    public required string PhysicalHostUuid { get; init; }

    public required string Hostname { get; init; }

    public int Cpus { get; init; }

    /// <summary>Bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Bytes of the file system that holds Docker's data.</summary>
    public long DiskBytes { get; init; }

    public string? Kernel { get; init; }

    public string? OperatingSystem { get; init; }

    public string? DockerVersion { get; init; }

    public string? DockerStorageDriver { get; init; }

    public string? AgentVersion { get; init; }

    public string? Address { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A sample of what a host is doing.</summary>
public sealed record HostLoad
{
    public required DateTimeOffset At { get; init; }

    /// <summary>0 to 100 of all CPUs together.</summary>
    public double CpuPercent { get; init; }

    public long MemoryUsedBytes { get; init; }

    public long MemoryTotalBytes { get; init; }

    public long DiskUsedBytes { get; init; }

    public long DiskTotalBytes { get; init; }

    public double Load1 { get; init; }

    /// <summary>Bytes per second.</summary>
    public double NetworkReceive { get; init; }

    public double NetworkSend { get; init; }

    /// <summary>Containers that run, and all of them.</summary>
    public int ContainersRunning { get; init; }

    public int Containers { get; init; }

    /// <summary>Resident memory of the agent itself, bytes.</summary>
    public long AgentMemoryBytes { get; init; }
}

/// <summary>JSON of both talks: camelCase, source generated, nulls left out.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GuestMessage))]
[JsonSerializable(typeof(LinkMessage))]
[JsonSerializable(typeof(Streams.StreamTarget))]
[JsonSerializable(typeof(HostFacts))]
[JsonSerializable(typeof(HostLoad))]
public sealed partial class AgentJson : JsonSerializerContext;
