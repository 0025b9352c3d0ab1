namespace Drover.Executor.Machines;

/// <summary>Cuts a stream into lines of bounded length. A longer line is skipped as a whole.</summary>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private byte[] buffer = new byte[4096];
    private int start;
    private int end;
    private bool skipping;

    /// <summary>The next line without its end, valid until the next call; null at the end of the stream. A last line without an end is no line.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        var searched = start;
        while (true)
        {
            var length = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = buffer.AsMemory(start, searched + length - start);
                start = searched + length + 1;
                searched = start;
                if (skipping || line.Length > maxLineBytes)
                {
                    skipping = false;
                    continue;
                }

                return line;
            }

            MakeRoom();
            searched = end;
            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            end += read;
        }
    }

    private void MakeRoom()
    {
        if (skipping || end - start > maxLineBytes)
        {
            skipping = true;
            start = end = 0;
        }
        else if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }

        if (end == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }
    }
}
