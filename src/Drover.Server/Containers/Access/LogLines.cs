using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Drover.Server.Containers.Access;

/// <summary>Makes lines of a log's bytes, each with its stream's mark as Rancher has it: <c>01 </c> standard output, <c>02 </c> errors, <c>00 </c> both in one.</summary>
/// <remarks>A line that does not end comes in pieces, so that nothing is kept without bound; what is no UTF-8 is replaced, as a text message must be.</remarks>
internal sealed class LogLines
{
    /// <summary>Bytes of a piece.</summary>
    public const int LongestPiece = 64 * 1024;

    private readonly ArrayBufferWriter<byte>[] _begun = [new(), new(), new()];

    /// <param name="stream">0, 1 or 2.</param>
    /// <param name="line">Gets each piece with its mark, without an end of line.</param>
    public void Add(byte stream, ReadOnlySpan<byte> bytes, Action<ReadOnlyMemory<byte>> line)
    {
        while (bytes.Length > 0)
        {
            var begun = _begun[stream];
            var end = bytes.IndexOf((byte)'\n');
            var take = Math.Min(end < 0 ? bytes.Length : end, LongestPiece - begun.WrittenCount);
            begun.Write(bytes[..take]);
            bytes = bytes[take..];
            if (take == end)
            {
                Emit(stream, begun.WrittenCount, line);
                bytes = bytes[1..];
            }
            else if (begun.WrittenCount == LongestPiece)
            {
                Emit(stream, WholeCharacters(begun.WrittenSpan), line);
            }
        }
    }

    /// <summary>What has begun and will not end.</summary>
    public void End(Action<ReadOnlyMemory<byte>> line)
    {
        for (byte stream = 0; stream < _begun.Length; stream++)
        {
            if (_begun[stream].WrittenCount > 0)
            {
                Emit(stream, _begun[stream].WrittenCount, line);
            }
        }
    }

    private void Emit(byte stream, int length, Action<ReadOnlyMemory<byte>> line)
    {
        var begun = _begun[stream];
        var text = begun.WrittenSpan[..length];
        var rest = begun.WrittenSpan[length..].ToArray();
        text = text is [.., (byte)'\r'] ? text[..^1] : text;
        ReadOnlySpan<byte> valid = Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));
        var marked = new byte[valid.Length + 3];
        (marked[0], marked[1], marked[2]) = ((byte)'0', (byte)('0' + stream), (byte)' ');
        valid.CopyTo(marked.AsSpan(3));
        begun.ResetWrittenCount();
        begun.Write(rest);
        line(marked);
    }

    /// <summary>How much of it ends with a whole character: a piece must not cut one in two.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> text)
    {
        for (var back = 1; back <= 4; back++)
        {
            var b = text[^back];
            if ((b & 0xC0) != 0x80)
            {
                var length = b < 0x80 ? 1 : b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
                return length > back ? text.Length - back : text.Length;
            }
        }

        return text.Length;
    }
}
