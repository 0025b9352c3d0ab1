using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Templates;

/// <summary>Copies a file without its holes, on all processors, and computes a digest on the way.</summary>
/// <remarks>The file is cut into segments. The digest is a SHA-256 over the digests of the segments in their order; a segment's is over, for each block with something in it,
/// its offset (8 bytes, little-endian) and its bytes. Blocks of zeros do not count, so that it does not depend on where a file system puts holes.</remarks>
internal static class SparseCopy
{
    private const int Block = 64 << 10;
    private const long Segment = 8 << 20;

    /// <returns>The digest, in lower-case hex.</returns>
    /// <exception cref="IOException">Reading or writing fails.</exception>
    internal static string Run(SafeFileHandle source, SafeFileHandle target, long length, CancellationToken cancellationToken)
    {
        var digests = new byte[(int)((length + Segment - 1) / Segment)][];
        try
        {
            Parallel.For(
                0,
                digests.Length,
                new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
                number => digests[number] = RunSegment(source, target, number * Segment, Math.Min(length, (number + 1) * Segment)));
        }
        catch (AggregateException e) when (e.InnerExceptions is [IOException first, ..])
        {
            throw new IOException(first.Message, first);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var digest in digests)
        {
            hash.AppendData(digest);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] RunSegment(SafeFileHandle source, SafeFileHandle target, long from, long to)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(Block);
        Span<byte> place = stackalloc byte[8];
        for (var offset = NextData(source, from); offset < to; offset = NextData(source, offset))
        {
            offset -= offset % Block;
            var data = buffer.AsSpan(0, (int)Math.Min(Block, to - offset));
            ReadAll(source, data, offset);
            if (data.ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(target, data, offset);
                BinaryPrimitives.WriteInt64LittleEndian(place, offset);
                hash.AppendData(place);
                hash.AppendData(data);
            }

            offset += data.Length;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return hash.GetHashAndReset();
    }

    /// <summary>The next offset with data, <see cref="long.MaxValue"/> if only a hole follows (lseek(2), SEEK_DATA).</summary>
    private static long NextData(SafeFileHandle file, long offset)
    {
        const int SeekData = 3;
        const int NothingThere = 6;
        var found = LibC.Seek((int)file.DangerousGetHandle(), offset, SeekData);
        return found >= 0 ? found
            : Marshal.GetLastPInvokeError() == NothingThere ? long.MaxValue
            : throw new IOException($"cannot look for data: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static void ReadAll(SafeFileHandle source, Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            var read = RandomAccess.Read(source, target, offset);
            if (read == 0)
            {
                throw new IOException($"it ends at {offset}");
            }

            target = target[read..];
            offset += read;
        }
    }
}
