namespace Drover.Executor.Ledger;

/// <summary>What a machine leaves in its sandbox, told from what is kept for people: logs and <c>machine.json</c>.</summary>
internal static class SandboxFiles
{
    private static readonly string[] Patterns = ["*.qcow2", "*.raw", "*.iso", "*.fd", "seed-*", "*.sock"];

    /// <summary>Folders that a simulated guest has as its disk.</summary>
    private static readonly string[] Folders = ["guest"];

    /// <summary>Disks and sockets that exist, by path.</summary>
    internal static IReadOnlyList<string> Of(string sandbox) => !Directory.Exists(sandbox)
        ? []
        :
        [
            .. Patterns.SelectMany(pattern => Directory.EnumerateFiles(sandbox, pattern)),
            .. Folders.Select(name => Path.Combine(sandbox, name)).Where(Directory.Exists),
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
