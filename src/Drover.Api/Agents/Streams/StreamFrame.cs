using System.Buffers.Binary;

namespace Drover.Api.Agents.Streams;

/// <summary>What a frame does to its stream. The numbers are the wire's; see docs/protocols/agent-link.md.</summary>
public enum StreamFrameType : byte
{
    /// <summary>Opener to server of the stream: a <see cref="StreamTarget"/> as JSON. The number is greater than every one before.</summary>
    Open = 1,

    /// <summary>The target is reached; data may flow both ways.</summary>
    Accept = 2,

    /// <summary>Bytes, at most <see cref="StreamFrame.MaxData"/>; never more than the other side's window has room for.</summary>
    Data = 3,

    /// <summary>Four bytes: so many more may be sent.</summary>
    Window = 4,

    /// <summary>The sender has no more bytes; the other direction goes on.</summary>
    End = 5,

    /// <summary>The stream is over in both directions: one byte <see cref="StreamFault"/>, then a sentence for people.</summary>
    Reset = 6,
}

/// <summary>Why a stream was reset.</summary>
public enum StreamFault : byte
{
    /// <summary>Whoever used it does not want it any more.</summary>
    Cancelled = 1,

    /// <summary>The target is none that may be reached.</summary>
    Refused = 2,

    /// <summary>The target could not be reached, or broke.</summary>
    Failed = 3,

    /// <summary>Too many streams.</summary>
    Limit = 4,
}

/// <summary>One binary message of the agent link: type, number of the stream (big-endian), payload.</summary>
public readonly ref struct StreamFrame
{
    public const int HeaderBytes = 5;

    /// <summary>So much at most is sent in one frame: a stream with much to say waits for the others that often.</summary>
    public const int MaxData = 16 * 1024;

    /// <summary>So much is taken; anything longer breaks the protocol.</summary>
    public const int MaxPayload = 64 * 1024;

    private StreamFrame(StreamFrameType type, uint stream, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Stream = stream;
        Payload = payload;
    }

    public StreamFrameType Type { get; }

    public uint Stream { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <exception cref="StreamProtocolException">It is none.</exception>
    public static StreamFrame Read(ReadOnlySpan<byte> message)
    {
        if (message.Length is < HeaderBytes or > HeaderBytes + MaxPayload)
        {
            throw new StreamProtocolException($"a frame of {message.Length} bytes");
        }

        var type = (StreamFrameType)message[0];
        var stream = BinaryPrimitives.ReadUInt32BigEndian(message[1..]);
        var payload = message[HeaderBytes..];
        var fits = type switch
        {
            StreamFrameType.Open or StreamFrameType.Data => payload.Length > 0,
            StreamFrameType.Accept or StreamFrameType.End => payload.Length == 0,
            StreamFrameType.Window => payload.Length == 4,
            StreamFrameType.Reset => payload.Length >= 1,
            _ => false,
        };
        return fits && stream != 0 ? new StreamFrame(type, stream, payload) : throw new StreamProtocolException($"a frame of type {(byte)type} with {payload.Length} bytes for stream {stream}");
    }

    public static byte[] Write(StreamFrameType type, uint stream, ReadOnlySpan<byte> payload = default)
    {
        var message = new byte[HeaderBytes + payload.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), stream);
        payload.CopyTo(message.AsSpan(HeaderBytes));
        return message;
    }
}

/// <summary>The other side does not keep to the protocol: the link ends with <see cref="LinkMessage.CloseProtocol"/>.</summary>
public sealed class StreamProtocolException(string what) : Exception($"The other side does not keep to the protocol: {what}.");
