using System.Buffers.Binary;

namespace Drover.Api.Agents.Streams;

/// <summary>Several streams of bytes in one: frames of an 8-byte header (channel, three zeros, length big-endian) and their bytes. Docker's output without a terminal has this form
/// (Docker Engine API, "Stream format"), and a shell in a host (docs/protocols/agent-link.md).</summary>
/// <remarks>The reader takes the bytes in pieces of whatever size.</remarks>
public sealed class Multiplexed(byte highest)
{
    public const int HeaderBytes = 8;

    private readonly byte[] _header = new byte[HeaderBytes];
    private int _headerRead;
    private uint _left;

    public delegate void Part(byte channel, ReadOnlySpan<byte> bytes);

    /// <summary>One frame.</summary>
    public static byte[] Write(byte channel, ReadOnlySpan<byte> bytes)
    {
        var frame = new byte[HeaderBytes + bytes.Length];
        frame[0] = channel;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), bytes.Length);
        bytes.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <exception cref="IOException">These are no such frames.</exception>
    public void Read(ReadOnlySpan<byte> bytes, Part part)
    {
        while (bytes.Length > 0)
        {
            if (_headerRead < HeaderBytes)
            {
                var now = Math.Min(HeaderBytes - _headerRead, bytes.Length);
                bytes[..now].CopyTo(_header.AsSpan(_headerRead));
                _headerRead += now;
                bytes = bytes[now..];
                if (_headerRead < HeaderBytes)
                {
                    return;
                }

                if (_header[0] > highest || _header[1] != 0 || _header[2] != 0 || _header[3] != 0)
                {
                    throw new IOException("What comes is not in the form that was asked for.");
                }

                _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
            }

            var length = (int)Math.Min(_left, (uint)bytes.Length);
            if (length > 0)
            {
                part(_header[0], bytes[..length]);
                _left -= (uint)length;
                bytes = bytes[length..];
            }

            if (_left == 0)
            {
                _headerRead = 0;
            }
        }
    }
}

/// <summary>The channels of a shell's stream (docs/protocols/agent-link.md).</summary>
public static class ShellChannel
{
    /// <summary>To the shell: bytes that are typed.</summary>
    public const byte Input = 0;

    /// <summary>From the shell: what its terminal shows.</summary>
    public const byte Output = 1;

    /// <summary>From the shell, last: what it ended with, 4 bytes big-endian.</summary>
    public const byte Exit = 3;

    /// <summary>To the shell: width and height of its terminal, 2 bytes each, big-endian.</summary>
    public const byte Size = 4;

    public const byte Highest = Size;

    public static byte[] WriteSize(int width, int height)
    {
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(size, (ushort)Math.Clamp(width, 1, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(size[2..], (ushort)Math.Clamp(height, 1, ushort.MaxValue));
        return Multiplexed.Write(Size, size);
    }

    public static byte[] WriteExit(int code)
    {
        Span<byte> exit = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(exit, code);
        return Multiplexed.Write(Exit, exit);
    }
}
