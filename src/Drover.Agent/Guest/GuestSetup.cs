using System.Text;

namespace Drover.Agent.Guest;

/// <summary>What a guest takes over from its identity, each part by a system call. Each returns null, or a sentence about what went wrong.</summary>
internal static class GuestSetup
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMilliseconds(500);

    /// <summary>Adds the bytes to the kernel's generator and makes it take a new seed at once.</summary>
    /// <remarks>Both are needed: copies of a template draw the same numbers after either alone, because added bytes are mixed in only
    /// at the next seed, and a new seed alone is as good as the interrupts' timing.</remarks>
    public static string? TakeEntropy(string? base64)
    {
        var bytes = new byte[256];
        if (base64 is null)
        {
            return null;
        }

        if (!Convert.TryFromBase64String(base64, bytes, out var count) || count == 0)
        {
            return "the executor's entropy is not readable";
        }

        // struct rand_pool_info { int entropy_count (bits); int buf_size (bytes); __u32 buf[]; }, in the machine's byte order
        var pool = new byte[8 + count];
        BitConverter.TryWriteBytes(pool.AsSpan(0), count * 8);
        BitConverter.TryWriteBytes(pool.AsSpan(4), count);
        bytes.AsSpan(0, count).CopyTo(pool.AsSpan(8));

        var descriptor = LibC.Open("/dev/urandom", LibC.ReadWrite | LibC.CloseOnExec, 0);
        if (descriptor < 0)
        {
            return $"could not open the random generator: {LibC.LastError()}";
        }

        try
        {
            if (LibC.Control(descriptor, LibC.AddEntropy, pool) < 0 || LibC.Control(descriptor, LibC.ReseedGenerator, []) < 0)
            {
                return $"could not seed the random generator: {LibC.LastError()}";
            }

            return null;
        }
        finally
        {
            _ = LibC.Close(descriptor);
        }
    }

    /// <summary>Makes the kernel's generator take a new seed of what it has gathered.</summary>
    public static string? Reseed()
    {
        var descriptor = LibC.Open("/dev/urandom", LibC.ReadWrite | LibC.CloseOnExec, 0);
        if (descriptor < 0)
        {
            return $"could not open the random generator: {LibC.LastError()}";
        }

        try
        {
            return LibC.Control(descriptor, LibC.ReseedGenerator, []) < 0 ? $"could not seed the random generator: {LibC.LastError()}" : null;
        }
        finally
        {
            _ = LibC.Close(descriptor);
        }
    }

    public static string? TakeClock(long? milliseconds, TimeProvider time)
    {
        if (milliseconds is not > 0)
        {
            return null;
        }

        var wanted = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.Value);
        if ((wanted - time.GetUtcNow()).Duration() <= ClockTolerance)
        {
            return null;
        }

        var specification = new LibC.TimeSpecification { Seconds = milliseconds.Value / 1000, Nanoseconds = milliseconds.Value % 1000 * 1_000_000 };
        return LibC.SetClock(0, specification) < 0 ? $"could not set the clock: {LibC.LastError()}" : null;
    }

    public static string? TakeHostname(string name)
    {
        if (!IsHostname(name))
        {
            return $"'{name}' is no host name";
        }

        try
        {
            if (LibC.SetHostname(name, (nuint)name.Length) < 0)
            {
                return $"could not set the host name: {LibC.LastError()}";
            }

            WriteIfOther("/etc/hostname", name + "\n");
            WriteIfOther("/etc/hosts", $"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost ip6-localhost ip6-loopback\n");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"could not write the host name: {e.Message}";
        }
    }

    /// <summary>machine-id(5) is the machine's uuid without its dashes: the same over restarts, and no copy's but its own.</summary>
    public static string? TakeMachineId(string uuid)
    {
        try
        {
            if (Guid.TryParse(uuid, out var id))
            {
                WriteIfOther("/etc/machine-id", $"{id:N}\n");
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"could not write the machine id: {e.Message}";
        }
    }

    /// <summary>Letters, digits, dashes and dots, at most 63 (RFC 1123; Linux takes 64).</summary>
    internal static bool IsHostname(string name) =>
        name.Length is > 0 and <= 63 && name[0] != '-' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    /// <remarks>A file that is emptied first is written out when it is closed (ext4's auto_da_alloc), and the guest's one processor has better to do now.</remarks>
    internal static void WriteIfOther(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
        {
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.SetLength(file, bytes.Length);
    }
}
