using System.Globalization;

namespace Drover.LocalMesos;

/// <summary>Sandbox files for operators, by their real path below the work directory or by
/// <c>/frameworks/FRAMEWORK/executors/EXECUTOR/runs/latest</c>. Links that lead out of the sandboxes are not followed.</summary>
internal sealed class AgentFiles(SandboxLayout sandboxes, AgentBooks books)
{
    /// <summary>What one answer carries at most: 16 pages.</summary>
    public const int MaxRead = OperatorClient.MaxReadLength;

    /// <summary>The existing file or folder that a path means; null when there is none or it is outside.</summary>
    public string? Resolve(string path)
    {
        var named = path.StartsWith("/frameworks/", StringComparison.Ordinal) ? Virtual(path) : path;
        return named is null ? null : Inside(named);
    }

    public static async Task<(long Size, byte[] Data)> ReadAsync(string file, long offset, long length, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var size = stream.Length;
        var count = (int)Math.Clamp(size - offset, 0, Math.Min(length, MaxRead));
        var data = new byte[count];
        stream.Position = Math.Min(offset, size);
        var read = await stream.ReadAtLeastAsync(data, count, throwOnEndOfStream: false, cancellationToken);
        return (size, read == count ? data : data[..read]);
    }

    /// <param name="directory">A path that <see cref="Resolve"/> gave.</param>
    /// <param name="asked">The path as the operator wrote it: entries are named below it.</param>
    public static IEnumerable<Drover.Mesos.V1.FileInfo> List(string directory, string asked) =>
        new DirectoryInfo(directory).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal).Select(entry => new Drover.Mesos.V1.FileInfo
        {
            Path = $"{asked.TrimEnd('/')}/{entry.Name}",
            Nlink = 1,
            Size = entry is System.IO.FileInfo file ? (ulong)file.Length : 0,
            Mtime = new TimeInfo { Nanoseconds = (entry.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick },
            Mode = (uint)entry.UnixFileMode | (entry is DirectoryInfo ? 0x4000u : entry.LinkTarget is not null ? 0xA000u : 0x8000u),
            Uid = Environment.UserName,
            Gid = Environment.UserName,
        });

    /// <summary><c>-rw-r--r--</c>, as <c>ls</c> writes it.</summary>
    public static string ModeText(uint mode)
    {
        var kind = (mode & 0xF000) switch { 0x4000 => 'd', 0xA000 => 'l', _ => '-' };
        return string.Create(CultureInfo.InvariantCulture, $"{kind}{Triple(mode >> 6)}{Triple(mode >> 3)}{Triple(mode)}");

        static string Triple(uint bits) => $"{((bits & 4) != 0 ? 'r' : '-')}{((bits & 2) != 0 ? 'w' : '-')}{((bits & 1) != 0 ? 'x' : '-')}";
    }

    private string? Virtual(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not ["frameworks", var framework, "executors", var executor, "runs", var run, .. var rest])
        {
            return null;
        }

        var newest = books.Executors.Values.Concat(books.Completed.AsEnumerable().Reverse()).FirstOrDefault(
            e => e.FrameworkId == framework && e.Id == executor && (run == "latest" || e.ContainerId == run));
        return newest is null ? null : Path.Combine([newest.Sandbox, .. rest]);
    }

    private string? Inside(string path)
    {
        if (!Path.IsPathFullyQualified(path) || !IsBelow(Path.GetFullPath(path), sandboxes.Root))
        {
            return null;
        }

        // The work directory itself may be reached through links of the operator's own.
        var real = PosixProcess.RealPath(path);
        return real is not null && IsBelow(real, PosixProcess.RealPath(sandboxes.Root) ?? sandboxes.Root) ? real : null;
    }

    private static bool IsBelow(string path, string root) => path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
