using System.Text.Json;

namespace Drover.Api.Agents.Streams;

/// <summary>What a stream leads to in the guest. Only what stands here can be reached; everything else is refused there.</summary>
public sealed record StreamTarget
{
    /// <summary>The socket of the Docker Engine.</summary>
    public const string Docker = "docker";

    /// <summary>A shell of the host's own, on a terminal.</summary>
    public const string Shell = "shell";

    /// <summary>The agent's own figures, as Prometheus text; it ends by itself.</summary>
    public const string Metrics = "metrics";

    /// <summary>One of the constants above.</summary>
    public required string Kind { get; init; }

    /// <summary>Of a shell: its terminal at first.</summary>
    public TerminalSize? Terminal { get; init; }

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

/// <summary>In characters.</summary>
public sealed record TerminalSize(int Columns, int Rows);

/// <summary>A stream ended before its time.</summary>
/// <param name="fault">What the other side says, or <see cref="StreamFault.Failed"/> when the link broke.</param>
public sealed class StreamResetException(StreamFault fault, string reason) : IOException(reason)
{
    public StreamFault Fault { get; } = fault;
}
