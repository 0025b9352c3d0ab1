using System.Text.Json;
using Drover.Api.Agents;

namespace Drover.Agent.Channel;

/// <summary>Cuts a stream into lines of bounded length and reads each as a <see cref="GuestMessage"/>.</summary>
/// <remarks>Half a line may be left in the port from before a restart, so what cannot be read is skipped and counted, never an error.</remarks>
internal sealed class LineReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[GuestMessage.MaxLineBytes];
    private int _start;
    private int _end;
    private bool _tooLong;

    /// <summary>Lines that were no message.</summary>
    public int Skipped { get; private set; }

    /// <summary>The next message; null at the end of the stream.</summary>
    public async Task<GuestMessage?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (TakeLine() is { } line)
            {
                if (Parse(line.Span) is { } message)
                {
                    return message;
                }
            }

            MakeSpace();
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    private Memory<byte>? TakeLine()
    {
        var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        if (length < 0)
        {
            return null;
        }

        var line = _tooLong ? Memory<byte>.Empty : _buffer.AsMemory(_start, length);
        _start += length + 1;
        _tooLong = false;
        return line;
    }

    /// <summary>Moves the started line to the front; drops it when it fills the buffer.</summary>
    private void MakeSpace()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end == _buffer.Length)
        {
            Skipped += _tooLong ? 0 : 1;
            _tooLong = true;
            _end = 0;
        }
    }

    private GuestMessage? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \r"u8).IsEmpty)
        {
            return null;
        }

        try
        {
            if (JsonSerializer.Deserialize(line, AgentJson.Default.GuestMessage) is { Type: not null } message)
            {
                return message;
            }
        }
        catch (JsonException)
        {
            // Counted below.
        }

        Skipped++;
        return null;
    }
}
