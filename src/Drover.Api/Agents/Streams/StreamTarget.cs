using System.Text.Json;

namespace Drover.Api.Agents.Streams;

/// <summary>What a stream leads to in the guest. Only what stands here can be reached; everything else is refused there.</summary>
public sealed record StreamTarget
{
    /// <summary>The socket of the Docker Engine.</summary>
    public const string Docker = "docker";

    /// <summary>A shell of the host's root at a terminal of its own, in frames of <see cref="Multiplexed"/> with the channels of <see cref="ShellChannel"/>.</summary>
    public const string Shell = "shell";

    /// <summary>A name such as <see cref="Docker"/>.</summary>
    public required string Kind { get; init; }

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, AgentJson.Default.StreamTarget);

    /// <summary>Null when it is no target.</summary>
    internal static StreamTarget? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, AgentJson.Default.StreamTarget);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A stream ended before its time.</summary>
/// <param name="fault">What the other side says, or <see cref="StreamFault.Failed"/> when the link broke.</param>
public sealed class StreamResetException(StreamFault fault, string reason) : IOException(reason)
{
    public StreamFault Fault { get; } = fault;
}
