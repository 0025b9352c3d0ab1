using System.Globalization;

namespace Drover.Agent.Guest;

/// <summary>Looks into and changes the memory of another process of this machine, through <c>/proc/PID/mem</c> (proc(5)). Root only.</summary>
internal static class ProcessMemory
{
    private const int Chunk = 1 << 20;

    /// <summary>The addresses at which <paramref name="text"/> stands in what the process may write.</summary>
    public static IReadOnlyList<long> Find(int pid, ReadOnlySpan<byte> text)
    {
        var found = new List<long>();
        using var memory = File.OpenHandle($"/proc/{pid}/mem");
        var buffer = new byte[Chunk + text.Length];
        foreach (var (from, to) in Writable(File.ReadLines($"/proc/{pid}/maps")))
        {
            for (var at = from; at < to; at += Chunk)
            {
                // Chunks overlap by the text's length, so that one across their border is found.
                var part = buffer.AsSpan(0, ReadWhole(memory, buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - at)), at));
                for (var offset = 0; part[offset..].IndexOf(text) is >= 0 and var next; offset += next + 1)
                {
                    if (offset + next < Chunk)
                    {
                        found.Add(at + offset + next);
                    }
                }
            }
        }

        return found;
    }

    /// <summary>Writes <paramref name="text"/> wherever <paramref name="expected"/> still stands.</summary>
    /// <returns>At how many places that was.</returns>
    public static int Replace(int pid, IEnumerable<long> places, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> text)
    {
        using var memory = File.OpenHandle($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Span<byte> now = stackalloc byte[expected.Length];
        var count = 0;
        foreach (var place in places)
        {
            if (ReadWhole(memory, now, place) == now.Length && now.SequenceEqual(expected))
            {
                RandomAccess.Write(memory, text, place);
                count++;
            }
        }

        return count;
    }

    /// <summary>A line reads <c>c000000000-c000800000 rw-p 00000000 00:00 0</c>.</summary>
    internal static IEnumerable<(long From, long To)> Writable(IEnumerable<string> maps) =>
        from line in maps
        let words = line.Split(' ', 3)
        where words.Length == 3 && words[1].StartsWith("rw", StringComparison.Ordinal)
        let ends = words[0].Split('-')
        select (long.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), long.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>As much as can be read; a page that is not there ends it.</summary>
    private static int ReadWhole(Microsoft.Win32.SafeHandles.SafeFileHandle memory, Span<byte> target, long address)
    {
        var count = 0;
        try
        {
            while (count < target.Length && RandomAccess.Read(memory, target[count..], address + count) is > 0 and var read)
            {
                count += read;
            }
        }
        catch (IOException)
        {
            // What was read counts.
        }

        return count;
    }
}
