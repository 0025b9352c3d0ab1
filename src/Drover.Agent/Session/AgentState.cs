using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Drover.Agent.Session;

/// <summary>What the agent keeps across restarts of itself and of its guest. Only this program writes it.</summary>
internal sealed record AgentState
{
    /// <summary>In place of a machine's uuid: the key of a spare, of which whoever claims it makes its own (<see cref="ClaimedBy"/>).</summary>
    public const string Spare = "";

    /// <summary>The machine that all the rest belongs to, or <see cref="Spare"/>.</summary>
    public required string MachineUuid { get; init; }

    /// <summary>64 random bytes in hex: names this agent to <c>/v1/register</c>, so that a repeated registration gives the same keys.</summary>
    public required string RegisterKey { get; init; }

    /// <summary>The server's API root, <c>CATTLE_URL</c>. Null until registered, as are the keys.</summary>
    public string? Url { get; init; }

    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    /// <summary>These keys have opened a link before: a refusal is then the server's trouble and no reason to register again.</summary>
    public bool Linked { get; init; }

    public static AgentState NewKey(string machineUuid) => new() { MachineUuid = machineUuid, RegisterKey = RandomNumberGenerator.GetHexString(128, lowercase: true) };

    /// <summary>The same machine makes the same key of a spare's each time, another machine another: what the spare wrote is on the disk for good, and may come along with a copy of that disk
    /// that was taken before the claimer's own state was there.</summary>
    public AgentState ClaimedBy(string machineUuid) =>
        this with { MachineUuid = machineUuid, RegisterKey = Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes($"{RegisterKey} {machineUuid}"))) };

    [JsonIgnore]
    public bool HasKeys => Url is not null && AccessKey is not null && SecretKey is not null;

    /// <summary>Secrets stay out of every log.</summary>
    public override string ToString() => $"{MachineUuid} {(HasKeys ? "with keys" : "without keys")}";
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentState))]
internal sealed partial class AgentStateJson : JsonSerializerContext;
