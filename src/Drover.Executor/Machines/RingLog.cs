using System.Text;

namespace Drover.Executor.Machines;

/// <summary>A log of bounded size: when the file is full it becomes <c>NAME.1</c>, in place of the one before, and a new one begins.</summary>
/// <remarks>A guest can write for ever; QEMU's own file back end would fill the disk. At most twice <paramref name="limit"/> bytes are kept.</remarks>
internal sealed class RingLog(string path, int limit = RingLog.DefaultLimit) : IDisposable
{
    internal const int DefaultLimit = 1024 * 1024;
    private const int TailBytes = 32 * 1024;

    private readonly Lock gate = new();
    private FileStream? file;
    private string? fault;

    /// <summary>Why writing failed, such as a full disk: the log then has a gap, the machine goes on.</summary>
    internal string? Fault => fault;

    internal string Path => path;

    internal void Append(ReadOnlySpan<byte> text)
    {
        lock (gate)
        {
            try
            {
                while (text.Length > 0)
                {
                    file ??= new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
                    var room = (int)Math.Min(text.Length, limit - file.Length);
                    if (room <= 0)
                    {
                        Rotate();
                        continue;
                    }

                    file.Write(text[..room]);
                    text = text[room..];
                }
            }
            catch (IOException e)
            {
                fault ??= e.Message;
            }
        }
    }

    internal void AppendLine(string line) => Append(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Takes everything from <paramref name="source"/> until its end.</summary>
    internal async Task PumpAsync(Stream source)
    {
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await source.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                Append(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The writer is gone.
        }
    }

    /// <summary>The last lines, oldest first, free of control characters. Empty when nothing was written.</summary>
    internal IReadOnlyList<string> Tail(int lines)
    {
        lock (gate)
        {
            var text = ReadEnd(path);
            if (text.Length < TailBytes)
            {
                text = ReadEnd(path + ".1") + text;
            }

            var all = text.Split('\n').Select(ConsoleText.Clean).Where(line => line.Length > 0).ToArray();
            return all[Math.Max(0, all.Length - lines)..];
        }
    }

    public void Dispose() => file?.Dispose();

    private void Rotate()
    {
        file!.Dispose();
        file = null;
        File.Move(path, path + ".1", overwrite: true);
    }

    private static string ReadEnd(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(stream.Length, TailBytes), SeekOrigin.End);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
