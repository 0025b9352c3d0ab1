namespace Drover.Executor.Ledger;

/// <summary>What a machine leaves in its sandbox, told from what is kept for people: logs and <c>machine.json</c>.</summary>
internal static class SandboxFiles
{
    private static readonly string[] Patterns = ["*.qcow2", "*.raw", "*.iso", "*.fd", "seed-*", "*.sock"];

    /// <summary>A simulated guest's disk with its snapshots, and what lies beneath a disk that was kept.</summary>
    private static readonly string[] Folders = ["guest", "snapshots", "origin", "copy-guest"];

    /// <summary>What a machine goes on with in another task: disks, and the variables of its firmware. What lies beneath them is kept for itself.</summary>
    private static readonly string[] LastingPatterns = ["disk.qcow2", "disk-*.qcow2", "*-variables.fd"];

    private static readonly string[] LastingFolders = ["guest", "snapshots"];

    /// <summary>What of a sandbox is the machine's, not the task's.</summary>
    internal static IReadOnlyList<string> Lasting(string sandbox) => Matching(sandbox, LastingPatterns, LastingFolders);

    /// <summary>Disks and sockets that exist, by path.</summary>
    internal static IReadOnlyList<string> Of(string sandbox) => Matching(sandbox, Patterns, Folders);

    private static IReadOnlyList<string> Matching(string sandbox, string[] patterns, string[] folders) => !Directory.Exists(sandbox)
        ? []
        :
        [
            .. patterns.SelectMany(pattern => Directory.EnumerateFiles(sandbox, pattern)),
            .. folders.Select(name => Path.Combine(sandbox, name)).Where(Directory.Exists),
        ];

    internal static void Remove(string sandbox)
    {
        foreach (var path in Of(sandbox))
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else
            {
                File.Delete(path);
            }
        }
    }
}
