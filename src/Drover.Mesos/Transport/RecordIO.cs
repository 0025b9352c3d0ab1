using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Drover.Mesos;

/// <summary>Mesos' framing of event streams: the payload's length in bytes as ASCII decimal, a line feed, the payload; nothing between records.</summary>
/// <remarks>Borders of HTTP chunks mean nothing: a record, even its length line, may be spread over several.</remarks>
public static class RecordIO
{
    /// <summary>Enough for an offer of every agent of the largest clusters.</summary>
    public const int DefaultMaxRecordBytes = 256 * 1024 * 1024;

    private const int MaxHeaderDigits = 20;

    /// <summary>Reads messages until a clean end of the stream.</summary>
    /// <exception cref="RecordFormatException">A length line is malformed, a record is longer than <paramref name="maxRecordBytes"/>
    /// or no message, or the stream ends inside a record.</exception>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        Stream stream, MessageParser<T> parser, int maxRecordBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                var buffer = read.Buffer;
                while (TryReadRecord(ref buffer, maxRecordBytes, out var payload))
                {
                    if (!payload.IsEmpty)
                    {
                        yield return Parse(parser, payload);
                    }
                }

                if (read.IsCompleted)
                {
                    if (!buffer.IsEmpty)
                    {
                        throw new RecordFormatException("The stream ended inside a record.");
                    }

                    yield break;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <summary>Appends one record.</summary>
    public static void Write(IBufferWriter<byte> writer, IMessage message)
    {
        var size = message.CalculateSize();
        var header = writer.GetSpan(MaxHeaderDigits + 1);
        Utf8Formatter.TryFormat(size, header, out var digits);
        header[digits] = (byte)'\n';
        writer.Advance(digits + 1);
        message.WriteTo(writer);
    }

    private static bool TryReadRecord(ref ReadOnlySequence<byte> buffer, int maxRecordBytes, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        if (buffer.PositionOf((byte)'\n') is not { } lineEnd)
        {
            return buffer.Length > MaxHeaderDigits ? throw Malformed("longer than 20 digits") : false;
        }

        var length = ReadLength(buffer.Slice(0, lineEnd), maxRecordBytes);
        var rest = buffer.Slice(buffer.GetPosition(1, lineEnd));
        if (rest.Length < length)
        {
            return false;
        }

        payload = rest.Slice(0, length);
        buffer = rest.Slice(length);
        return true;
    }

    private static long ReadLength(ReadOnlySequence<byte> line, int maxRecordBytes)
    {
        if (line.Length is 0 or > MaxHeaderDigits)
        {
            throw Malformed(line.Length == 0 ? "empty" : "longer than 20 digits");
        }

        Span<byte> digits = stackalloc byte[(int)line.Length];
        line.CopyTo(digits);
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(digits, out ulong length, out _))
        {
            throw Malformed("not a decimal number");
        }

        return length <= (ulong)maxRecordBytes
            ? (long)length
            : throw new RecordFormatException($"A record of {length} bytes is longer than the allowed {maxRecordBytes}.");
    }

    private static T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RecordFormatException($"A record is no {typeof(T).Name}: {e.Message}");
        }
    }

    private static RecordFormatException Malformed(string what) => new($"The length line of a record is {what}.");
}
